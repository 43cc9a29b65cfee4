"""After the fact: read, replay, timing, tables and exports, all made from the log."""
