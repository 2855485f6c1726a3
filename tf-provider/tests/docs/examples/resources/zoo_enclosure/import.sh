terraform import zoo_enclosure.lions lions/south
