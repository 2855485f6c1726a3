import {
  to = zoo_enclosure.lions
  id = "lions/south"
}
