import {
  to = zoo_enclosure.lions
  identity = {
    name    = "lions"
    quarter = "south"
  }
}
