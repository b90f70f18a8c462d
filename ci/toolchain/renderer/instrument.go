package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// took is the function that instrumented templates call, with a branch's number; it prints nothing.
const took = "coverage_took"

// branch is a way that a template can go.
type branch struct {
	place string
	line  int
	kind  string // define, if, else, with, without, range, empty
	what  string // the template's name, or the pipeline that decides
	byte  parse.Pos
}

// name tells a branch from all others, also from the same one in another version of the file.
func (b branch) name(version string) string {
	return fmt.Sprintf("%s@%s:%d:%s", b.place, version, b.byte, b.kind)
}

// instrument finds the branches of a template and writes it anew with a call in each, numbered from first on.
//
// What a range does without items, and an if or with without else, counts as a branch too. The calls are put into the parsed
// template, after spaces were trimmed, so what is rendered stays the same to the byte.
func instrument(place, text string, first int) ([]branch, string, error) {
	tree := parse.New(place)
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(text, "{{", "}}", trees); err != nil {
		return nil, "", err
	}
	walk := &walker{place: place, text: text, first: first}
	var written strings.Builder
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		if name == place {
			continue
		}
		root := trees[name].Root
		walk.list(root)
		// A root begins with what is in the template, perhaps lines after its define.
		walk.mark(root, "define", name, parse.Pos(max(0, strings.LastIndex(text[:root.Position()], "define"))))
		fmt.Fprintf(&written, "{{define %s}}%s{{end}}", strconv.Quote(name), root)
	}
	if whole, found := trees[place]; found {
		walk.list(whole.Root)
		written.WriteString(whole.Root.String())
	}
	return walk.found, written.String(), nil
}

type walker struct {
	place string
	text  string
	first int
	found []branch
}

// list instruments what is in a list of nodes.
func (w *walker) list(nodes *parse.ListNode) {
	for position, node := range nodes.Nodes {
		switch node := node.(type) {
		case *parse.IfNode:
			w.both(&node.BranchNode, "if", "else")
		case *parse.WithNode:
			w.both(&node.BranchNode, "with", "without")
		case *parse.RangeNode:
			w.both(&node.BranchNode, "range", "empty")
		case *parse.TextNode:
			nodes.Nodes[position] = text(node)
		}
	}
}

func (w *walker) both(node *parse.BranchNode, yes, no string) {
	what := node.Pipe.String()
	w.list(node.List)
	w.mark(node.List, yes, what, node.Pos)
	if node.ElseList == nil {
		node.ElseList = &parse.ListNode{NodeType: parse.NodeList, Pos: node.Pos}
	}
	w.list(node.ElseList)
	switch {
	case elseIf(node.ElseList): // its own branches say it already
	case no == "empty" && neverEmpty(node.Pipe):
	default:
		w.mark(node.ElseList, no, what, node.Pos)
	}
}

func elseIf(nodes *parse.ListNode) bool {
	if len(nodes.Nodes) != 1 {
		return false
	}
	switch nodes.Nodes[0].(type) {
	case *parse.IfNode, *parse.WithNode:
		return true
	}
	return false
}

// neverEmpty says whether a range is over a list or dict that is written there.
func neverEmpty(pipe *parse.PipeNode) bool {
	function, found := pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	return found && len(pipe.Cmds) == 1 && len(pipe.Cmds[0].Args) > 1 && (function.Ident == "list" || function.Ident == "dict")
}

// mark puts a call in front of a list.
func (w *walker) mark(nodes *parse.ListNode, kind, what string, at parse.Pos) {
	call := fmt.Sprintf("{{%s %d}}", took, w.first+len(w.found))
	line := 1 + strings.Count(w.text[:at], "\n")
	w.found = append(w.found, branch{w.place, line, kind, what, at})
	nodes.Nodes = slices.Insert(nodes.Nodes, 0, parse.Node(&parse.TextNode{NodeType: parse.NodeText, Text: []byte(call)}))
}

// text is a text that can stand in front of an action: a brace at its end, which a trimmed space kept apart, would join the action's.
func text(node *parse.TextNode) *parse.TextNode {
	body := strings.TrimRight(string(node.Text), "{")
	braces := string(node.Text)[len(body):]
	if braces != "" {
		body += fmt.Sprintf("{{%q}}", braces)
	}
	return &parse.TextNode{NodeType: parse.NodeText, Pos: node.Pos, Text: []byte(body)}
}
