"""The ground floor: the words of the field as plain types, without clock or I/O."""
