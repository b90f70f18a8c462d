package main

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/ignore"
)

// fileCache reads each file once, however many charts it is part of: a library is part of all.
type fileCache struct {
	read sync.Map
}

func (c *fileCache) content(name string) ([]byte, error) {
	if known, found := c.read.Load(name); found {
		return known.([]byte), nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte{0xEF, 0xBB, 0xBF}) // as Helm does
	c.read.Store(name, data)
	return data, nil
}

// load puts a chart together from files, as Helm loads a folder that holds them; a new chart each time, as rendering changes it.
func load(files map[string]string, cache *fileCache) (*chart.Chart, error) {
	rules := ignore.Empty()
	if place, found := files[ignore.HelmIgnore]; found {
		data, err := cache.content(place)
		if err != nil {
			return nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, err
		}
	}
	rules.AddDefaults()
	var buffered []*archive.BufferedFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if ignored(rules, name) {
			continue
		}
		data, err := cache.content(files[name])
		if err != nil {
			return nil, err
		}
		buffered = append(buffered, &archive.BufferedFile{Name: name, Data: coverage.instrumented(name, data)})
	}
	return loader.LoadFiles(buffered)
}

// ignored says whether .helmignore names the file, or one of the folders it is in.
func ignored(rules *ignore.Rules, name string) bool {
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if rules.Ignore(folder, entry{folder, fs.ModeDir}) {
			return true
		}
	}
	return rules.Ignore(name, entry{name, 0})
}

// entry is a file or a folder by name only: all that the rules ask for.
type entry struct {
	name string
	mode fs.FileMode
}

func (e entry) Name() string       { return path.Base(e.name) }
func (e entry) Size() int64        { return 0 }
func (e entry) Mode() fs.FileMode  { return e.mode }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool        { return e.mode.IsDir() }
func (e entry) Sys() any           { return nil }

// merged lays values files over each other, and the text of one more over all, as `--values FILE --values -` does.
func merged(files []string, last []byte) (map[string]any, error) {
	options := values.Options{ValueFiles: files}
	base, err := options.MergeValues(nil)
	if err != nil || strings.TrimSpace(string(last)) == "" {
		return base, err
	}
	over, err := loader.LoadValues(bytes.NewReader(last))
	if err != nil {
		return nil, err
	}
	return loader.MergeMaps(base, over), nil
}
