// Reachability says which of the asked calls a set of NetworkPolicies allows: cyclonus' matcher decides, this reads and writes.
// A call has two sides, its caller's egress and the called one's ingress; it is possible where both allow it.
//
// Standard input is one JSON object, standard output another:
//
//	{"policies": [NetworkPolicy…], "places": [{"name", "ip", "namespace", "namespaceLabels", "labels"}…],
//	 "calls": [{"from": 0, "to": 1, "port": 8080, "portName": "http", "protocol": "TCP"}…]}
//	{"egress": [true, false…], "ingress": [true, true…]}
//
// A place without a namespace is outside the cluster. `from` and `to` are positions in `places`; both answers are in the order of
// `calls`. What cannot be judged ends the program with 1 and a sentence on standard error: it is never "allowed", never "denied".
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

type place struct {
	Name            string            `json:"name"`
	IP              string            `json:"ip"`
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
}

type call struct {
	From     int    `json:"from"`
	To       int    `json:"to"`
	Port     int    `json:"port"`
	PortName string `json:"portName"`
	Protocol string `json:"protocol"`
}

type question struct {
	Policies []*networkingv1.NetworkPolicy `json:"policies"`
	Places   []place                       `json:"places"`
	Calls    []call                        `json:"calls"`
}

type answer struct {
	Egress  []bool `json:"egress"`
	Ingress []bool `json:"ingress"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var asked question
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields() // a field that is not understood might be what narrows a policy
	if err := decoder.Decode(&asked); err != nil {
		return fmt.Errorf("the question cannot be read: %w", err)
	}
	said, err := judge(asked)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(said)
}

// complete refuses what cyclonus would give a meaning that the API server does not.
func complete(policy *networkingv1.NetworkPolicy) error {
	if len(policy.Spec.PolicyTypes) == 0 {
		return errors.New("it has no policyTypes: write them out")
	}
	var peers []networkingv1.NetworkPolicyPeer
	for _, rule := range policy.Spec.Ingress {
		peers = append(peers, rule.From...)
	}
	for _, rule := range policy.Spec.Egress {
		peers = append(peers, rule.To...)
	}
	for _, peer := range peers {
		if peer.IPBlock == nil && peer.NamespaceSelector == nil && peer.PodSelector == nil {
			return errors.New("one of its peers is empty: say who it is")
		}
	}
	return nil
}

func judge(asked question) (said answer, err error) {
	defer func() { // cyclonus panics on a policy that the API server would refuse
		if cause := recover(); cause != nil {
			err = fmt.Errorf("a NetworkPolicy cannot be judged: %v", cause)
		}
	}()
	for _, policy := range asked.Policies {
		if err := complete(policy); err != nil {
			return said, fmt.Errorf("NetworkPolicy %s/%s cannot be judged: %w", policy.Namespace, policy.Name, err)
		}
	}
	peers := make([]*matcher.TrafficPeer, len(asked.Places))
	for position, where := range asked.Places {
		peers[position] = &matcher.TrafficPeer{IP: where.IP}
		if where.Namespace != "" {
			peers[position].Internal = &matcher.InternalPeer{
				PodLabels:       where.Labels,
				NamespaceLabels: where.NamespaceLabels,
				Namespace:       where.Namespace,
			}
		}
	}
	policy := matcher.BuildNetworkPolicies(false, asked.Policies)
	said.Egress = make([]bool, len(asked.Calls))
	said.Ingress = make([]bool, len(asked.Calls))
	for position, one := range asked.Calls {
		if one.From < 0 || one.From >= len(peers) || one.To < 0 || one.To >= len(peers) {
			return said, fmt.Errorf("call %d is between places that there are not: %d and %d", position, one.From, one.To)
		}
		found := policy.IsTrafficAllowed(&matcher.Traffic{
			Source:           peers[one.From],
			Destination:      peers[one.To],
			ResolvedPort:     one.Port,
			ResolvedPortName: one.PortName,
			Protocol:         corev1.Protocol(one.Protocol),
		})
		said.Egress[position], said.Ingress[position] = found.Egress.IsAllowed(), found.Ingress.IsAllowed()
	}
	return said, nil
}
