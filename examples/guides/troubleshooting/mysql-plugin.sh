mysql -e "SELECT user, host, plugin FROM mysql.user WHERE user = 'orders_app'"
