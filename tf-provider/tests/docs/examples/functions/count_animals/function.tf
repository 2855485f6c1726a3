output "cats" {
  value = provider::zoo::count_animals("Springfield", null, "lion", "tiger")
}
