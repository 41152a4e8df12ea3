"""Integrations with other packages. Each needs its extra; the rest of the package imports none of them."""
