package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// templateCommand is `helm template` for the flags that the suite uses; any other command line is given to the real helm.
func templateCommand(arguments []string, in io.Reader, out io.Writer) error {
	job, known := parsed(arguments[1:])
	if !known {
		return realHelm(arguments)
	}
	if info, err := os.Stat(job.Chart); err != nil || !info.IsDir() {
		return realHelm(arguments)
	}
	files, err := filesOf(job.Chart)
	if err != nil {
		return err
	}
	var last []byte
	if count := len(job.Values); count > 0 && job.Values[count-1] == "-" {
		if last, err = io.ReadAll(in); err != nil {
			return err
		}
		job.Values = job.Values[:count-1]
	}
	loaded, err := load(files, &fileCache{})
	if err != nil {
		return err
	}
	values, err := merged(job.Values, last)
	if err != nil {
		return err
	}
	text, err := render(loaded, values, job)
	if err := errors.Join(err, coverage.write()); err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return err
}

// parsed reads NAME CHART and flags; false where there is more than it knows.
func parsed(arguments []string) (Job, bool) {
	job := Job{Namespace: "default"}
	var plain []string
	for len(arguments) > 0 {
		word := arguments[0]
		arguments = arguments[1:]
		if !strings.HasPrefix(word, "-") {
			plain = append(plain, word)
			continue
		}
		flag, value, joined := strings.Cut(word, "=")
		if !joined {
			if len(arguments) == 0 {
				return job, false
			}
			value, arguments = arguments[0], arguments[1:]
		}
		switch flag {
		case "-n", "--namespace":
			job.Namespace = value
		case "--kube-version":
			job.KubeVersion = value
		case "-a", "--api-versions":
			job.APIVersions = append(job.APIVersions, strings.Split(value, ",")...)
		case "-f", "--values":
			job.Values = append(job.Values, strings.Split(value, ",")...)
		default:
			return job, false
		}
	}
	if len(plain) != 2 {
		return job, false
	}
	job.Name, job.Chart = plain[0], plain[1]
	for _, file := range job.Values[:max(0, len(job.Values)-1)] {
		if file == "-" {
			return job, false
		}
	}
	return job, true
}

// filesOf lists a folder's files by their path in it.
func filesOf(folder string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		inner, err := filepath.Rel(folder, name)
		files[filepath.ToSlash(inner)] = name
		return err
	})
	return files, err
}

// realHelm becomes the helm that $HELM_REAL names.
func realHelm(arguments []string) error {
	binary := os.Getenv("HELM_REAL")
	if binary == "" {
		return fmt.Errorf("`%s` is not for renderer: set HELM_REAL to the helm that does it", strings.Join(arguments, " "))
	}
	return syscall.Exec(binary, append([]string{"helm"}, arguments...), os.Environ())
}
