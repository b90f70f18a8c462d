"""promtool on rendered PrometheusRules: checks them, and unit tests that are generated from them.

`generate(rules)` makes for each alert cases in which it fires and cases, just within its limits, in which it is quiet, and for each
recording rule a value. Around the service stand others that do everything wrong, so a rule that takes them for it fails too.
"""
