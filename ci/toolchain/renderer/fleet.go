package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// Work is what `renderer fleet` reads: charts by a name of the caller's, each as its files by their path in the chart, and the
// releases to render from them.
type Work struct {
	Charts map[string]map[string]string `json:"charts"`
	Jobs   []Job                        `json:"jobs"`
}

// Job is one release: the arguments of one `helm template`.
type Job struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Chart       string   `json:"chart"`
	Values      []string `json:"values"`
	Overrides   string   `json:"overrides"`
	KubeVersion string   `json:"kube_version"`
	APIVersions []string `json:"api_versions"`
}

// Result is what `helm template` would have written to standard output, or to standard error.
type Result struct {
	ID    string `json:"id"`
	Text  string `json:"text"`
	Error string `json:"error"`
}

func fleet(in io.Reader, out io.Writer) error {
	var work Work
	if err := json.NewDecoder(in).Decode(&work); err != nil {
		return fmt.Errorf("standard input is not the JSON of a fleet: %w", err)
	}
	results := make(chan Result)
	go func() {
		defer close(results)
		renderAll(work, results)
	}()
	lines := bufio.NewWriter(out)
	encoder := json.NewEncoder(lines)
	encoder.SetEscapeHTML(false)
	for result := range results {
		if err := encoder.Encode(result); err != nil {
			return err
		}
		if err := lines.Flush(); err != nil { // the reader works on it meanwhile
			return err
		}
	}
	return coverage.write()
}

func renderAll(work Work, results chan<- Result) {
	jobs := make(chan Job)
	var files fileCache
	var busy sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		busy.Go(func() {
			for job := range jobs {
				results <- result(job, work, &files)
			}
		})
	}
	for _, job := range work.Jobs {
		jobs <- job
	}
	close(jobs)
	busy.Wait()
}

func result(job Job, work Work, files *fileCache) Result {
	known, found := work.Charts[job.Chart]
	if !found {
		return Result{ID: job.ID, Error: fmt.Sprintf("Error: release %s names the chart %q, which is not among the charts", job.Name, job.Chart)}
	}
	chart, err := load(known, files)
	if err != nil {
		return Result{ID: job.ID, Error: "Error: " + err.Error()}
	}
	values, err := merged(job.Values, []byte(job.Overrides))
	if err != nil {
		return Result{ID: job.ID, Error: "Error: " + err.Error()}
	}
	text, err := render(chart, values, job)
	if err != nil {
		return Result{ID: job.ID, Error: "Error: " + err.Error()}
	}
	return Result{ID: job.ID, Text: text}
}
