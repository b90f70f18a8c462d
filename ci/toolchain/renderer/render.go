package main

import (
	"fmt"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	charts "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// render gives what `helm template` prints of a release, or the error that it ends with.
func render(loaded *chart.Chart, values map[string]any, job Job) (string, error) {
	switch loaded.Metadata.Type {
	case "", "application":
	default:
		return "", fmt.Errorf("%s charts are not installable", loaded.Metadata.Type)
	}
	// A configuration of its own: Helm writes the cluster's capabilities into it.
	configuration := action.NewConfiguration()
	configuration.CustomTemplateFuncs = coverage.functions()
	install := action.NewInstall(configuration)
	if job.KubeVersion != "" {
		version, err := common.ParseKubeVersion(job.KubeVersion)
		if err != nil {
			return "", fmt.Errorf("invalid kube version '%s': %w", job.KubeVersion, err)
		}
		install.KubeVersion = version
	}
	install.DryRunStrategy = action.DryRunClient
	install.ReleaseName = job.Name
	install.Namespace = job.Namespace
	install.Replace = true // no look for a release of that name
	install.APIVersions = common.VersionSet(job.APIVersions)
	wanted := make([]charts.Dependency, len(loaded.Metadata.Dependencies))
	for position, dependency := range loaded.Metadata.Dependencies {
		wanted[position] = dependency
	}
	if err := action.CheckDependencies(loaded, wanted); err != nil {
		return "", fmt.Errorf("an error occurred while checking for chart dependencies. "+
			"You may need to run 'helm dependency build' to fetch missing dependencies: %w", err)
	}
	rendered, err := install.Run(loaded, values)
	found, _ := rendered.(*release.Release)
	if err != nil {
		if found != nil {
			return "", fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", err)
		}
		return "", err
	}
	return printed(found), nil
}

// printed writes a release down as `helm template` does: the manifests, then the hooks.
func printed(rendered *release.Release) string {
	var text strings.Builder
	fmt.Fprintln(&text, strings.TrimSpace(rendered.Manifest))
	for _, hook := range rendered.Hooks {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
	}
	return text.String()
}
