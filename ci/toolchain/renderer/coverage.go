package main

import "io"
import ttemplate "text/template"

func coverageFunctions() ttemplate.FuncMap { return nil }
func writeCoverage() error { return nil }
func instrumented(files map[string]string, name string, data []byte) []byte { return data }
func branches(in io.Reader, out io.Writer) error { return nil }
func template(a []string, in io.Reader, out io.Writer) error { return nil }
