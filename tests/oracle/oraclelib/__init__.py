"""An evaluator of paths in a VPC that shares nothing with the program, worlds to try both on, and the comparison."""
