package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/template"
)

// coverage remembers which branches were taken, where TEMPLATE_COVERAGE names a folder to write them to.
var coverage = newRecorder(os.Getenv("TEMPLATE_COVERAGE"))

// recorder numbers the branches of all templates that it has seen; goroutines share it.
type recorder struct {
	folder string
	mutex  sync.Mutex
	texts  map[string][]byte // instrumented, by the place and hash of the original
	names  []string          // of the branches, by number
	taken  map[int]bool
}

func newRecorder(folder string) *recorder {
	return &recorder{folder: folder, texts: map[string][]byte{}, taken: map[int]bool{}}
}

// functions are what instrumented templates call.
func (r *recorder) functions() template.FuncMap {
	if r.folder == "" {
		return nil
	}
	return template.FuncMap{took: func(number int) string {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.taken[number] = true
		return ""
	}}
}

// instrumented gives a template back with a call in each branch; a file that is no template of a library comes back as it is.
func (r *recorder) instrumented(name string, data []byte) []byte {
	place := placeInLibrary(name)
	if r.folder == "" || place == "" {
		return data
	}
	version := hash(data)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	key := place + "\x00" + version
	if known, found := r.texts[key]; found {
		return known
	}
	found, text, err := instrument(place, string(data), len(r.names))
	if err != nil { // Helm will say what is wrong with it
		return data
	}
	for _, branch := range found {
		r.names = append(r.names, branch.name(version))
	}
	r.texts[key] = []byte(text)
	return r.texts[key]
}

// write puts the names of the branches that were taken into a file of its own.
func (r *recorder) write() error {
	if r.folder == "" {
		return nil
	}
	var lines strings.Builder
	for _, number := range slices.Sorted(maps.Keys(r.taken)) {
		fmt.Fprintln(&lines, r.names[number])
	}
	file, err := os.CreateTemp(r.folder, "taken-*")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(file, lines.String()); err != nil {
		return err
	}
	return file.Close()
}

// placeInLibrary is metrics/templates/_env.tpl for charts/metrics/templates/_env.tpl; nothing for a file of the chart itself.
func placeInLibrary(name string) string {
	above, file, found := strings.Cut(name, "/templates/")
	folders := strings.Split(above, "/")
	if !found || len(folders) < 2 || folders[len(folders)-2] != "charts" {
		return ""
	}
	return folders[len(folders)-1] + "/templates/" + file
}

// branches writes down every branch of the library charts whose folders are in the input: what there is to cover.
func branches(in io.Reader, out io.Writer) error {
	var folders []string
	if err := json.NewDecoder(in).Decode(&folders); err != nil {
		return fmt.Errorf("standard input is no JSON list of charts' folders: %w", err)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
		if err != nil {
			return err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			place := filepath.Base(folder) + "/templates/" + filepath.Base(file)
			found, _, err := instrument(place, string(data), 0)
			if err != nil {
				return err
			}
			for _, branch := range found {
				if err := encoder.Encode(map[string]any{
					"name": branch.name(hash(data)), "file": place, "line": branch.line, "kind": branch.kind, "what": branch.what,
				}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}
