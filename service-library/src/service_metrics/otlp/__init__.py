"""Export over OTLP: our families in the OpenTelemetry SDK's data model, sent by the SDK's exporters."""
