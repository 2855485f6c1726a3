output "now" {
  value = provider::zoo::now()
}
