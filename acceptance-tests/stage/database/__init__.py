"""Real database servers that look like RDS: process, certificates, endpoints, token logins."""
