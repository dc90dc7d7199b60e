"""The real-packet lab: worlds of network namespaces in which the built binary is asked for its diagnosis."""
