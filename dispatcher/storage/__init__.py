"""The tables: set-based SQL, one module per noun, domain types in and out."""
