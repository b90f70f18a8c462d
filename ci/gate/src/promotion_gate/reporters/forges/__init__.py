"""Where merge requests are: GitHub and GitLab, as far as one comment of the gate's needs them."""
