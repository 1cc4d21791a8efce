"""The commands of the exporter room, one file each."""
