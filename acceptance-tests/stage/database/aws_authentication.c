/* Plugins for the stage's MariaDB: AWSAuthenticationPlugin lets a user in whose token the stage finds good, and
   stage_master a master user, whose password is another one at each instance, and the stage's RDS has it.

   cc -shared -fPIC aws_authentication.c -o aws_authentication.so

   The types below are those of MariaDB's plugin interface, so that no headers of the server are needed. The server's
   environment names the stage's socket. It takes ADDRESS NUL USER NUL, with the address of the endpoint, from which the
   stage's front connects, then T and a token, or M, a salt and what the client made of that and the password as for
   mysql_native_password; and it answers Y or N. Whatever goes wrong, nobody gets in. */

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REFUSED = 0, ACCEPTED = -1 };
enum { AUTHENTICATION = 7, AUTHENTICATION_VERSION = 0x0202, INTERFACE_VERSION = 0x010f, BSD = 2, STABLE = 5 };
enum { NAME_BYTES = 513, SALT_BYTES = 20, PATIENCE_SECONDS = 30 };

struct channel {
    int (*read_packet)(struct channel *, unsigned char **packet);
    int (*write_packet)(struct channel *, const unsigned char *packet, int length);
    void (*info)(struct channel *, void *info);
};

struct login {
    const char *user;
    unsigned user_length;
    const char *authentication_string;
    unsigned long authentication_string_length;
    char authenticated_as[NAME_BYTES], external_user[NAME_BYTES];
    int password_used;
    const char *address;
    unsigned address_length;
    void *thread;
};

static int is_rds(const char *text, size_t length)
{
    return length == 3 && memcmp(text, "RDS", 3) == 0;
}

static int send_all(int connection, const void *data, size_t length)
{
    for (const char *next = data; length > 0;) {
        ssize_t sent = send(connection, next, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        next += sent;
        length -= (size_t)sent;
    }
    return 1;
}

static int is_good(const struct login *login, const char *kind, const void *data, size_t length)
{
    const char *path = getenv("STAGE_TOKEN_SOCKET");
    struct sockaddr_un stage = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    char answer = 'N';
    if (!path || strlen(path) >= sizeof stage.sun_path || !login->address)
        return 0;
    strcpy(stage.sun_path, path);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return 0;
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int good = connect(connection, (struct sockaddr *)&stage, sizeof stage) == 0
        && send_all(connection, login->address, strlen(login->address) + 1)
        && send_all(connection, login->user, strlen(login->user) + 1)
        && send_all(connection, kind, 1)
        && send_all(connection, data, length)
        && shutdown(connection, SHUT_WR) == 0
        && recv(connection, &answer, 1, 0) == 1
        && answer == 'Y';
    close(connection);
    return good;
}

static int authenticate_by_token(struct channel *channel, struct login *login)
{
    unsigned char *packet;
    int length = channel->read_packet(channel, &packet);
    if (length <= 0)
        return REFUSED;
    login->password_used = 1;
    size_t token_length = strnlen((char *)packet, (size_t)length);
    if (token_length == 0 || !is_rds(login->authentication_string, login->authentication_string_length))
        return REFUSED;
    return is_good(login, "T", packet, token_length) ? ACCEPTED : REFUSED;
}

static int authenticate_master(struct channel *channel, struct login *login)
{
    unsigned char salt[SALT_BYTES + 1] = {0}, proof[2 * SALT_BYTES], *packet;
    if (getrandom(salt, SALT_BYTES, 0) != SALT_BYTES)
        return REFUSED;
    for (int n = 0; n < SALT_BYTES; n++)
        salt[n] = 'A' + salt[n] % 26; /* it is sent as a text */
    if (channel->write_packet(channel, salt, sizeof salt) != 0)
        return REFUSED;
    login->password_used = 1;
    if (channel->read_packet(channel, &packet) != SALT_BYTES)
        return REFUSED;
    memcpy(proof, salt, SALT_BYTES);
    memcpy(proof + SALT_BYTES, packet, SALT_BYTES);
    return is_good(login, "M", proof, sizeof proof) ? ACCEPTED : REFUSED;
}

/* IDENTIFIED VIA … USING PASSWORD('x') and SET PASSWORD: there is no password. */
static int hash_password(const char *password, size_t length, char *hash, size_t *hash_length)
{
    (void)password, (void)length, (void)hash, (void)hash_length;
    return 1;
}

/* IDENTIFIED WITH … AS 'x' and, at start, what the tables hold: only 'RDS' will do. */
static int take_string(const char *text, size_t length, unsigned char *taken, size_t *taken_length)
{
    if (!is_rds(text, length))
        return 1;
    memcpy(taken, text, length);
    *taken_length = length;
    return 0;
}

struct handler {
    int version;
    const char *client_plugin;
    int (*authenticate)(struct channel *, struct login *);
    int (*hash_password)(const char *, size_t, char *, size_t *);
    int (*take_string)(const char *, size_t, unsigned char *, size_t *);
};

static struct handler
    by_token = {AUTHENTICATION_VERSION, "mysql_clear_password", authenticate_by_token, hash_password, take_string},
    master = {AUTHENTICATION_VERSION, "mysql_native_password", authenticate_master, hash_password, take_string};

struct plugin {
    int type;
    void *handler;
    const char *name, *author, *description;
    int license;
    int (*start)(void *), (*stop)(void *);
    unsigned version;
    void *status_variables, *system_variables;
    const char *version_text;
    unsigned maturity;
};

int _maria_plugin_interface_version_ = INTERFACE_VERSION;
int _maria_sizeof_struct_st_plugin_ = sizeof(struct plugin);
struct plugin _maria_plugin_declarations_[] = {
    {
        .type = AUTHENTICATION,
        .handler = &by_token,
        .name = "AWSAuthenticationPlugin",
        .author = "rdsauth",
        .description = "Asks the stage whether a database token is good",
        .license = BSD,
        .version = 0x0100,
        .version_text = "1.0",
        .maturity = STABLE,
    },
    {
        .type = AUTHENTICATION,
        .handler = &master,
        .name = "stage_master",
        .author = "rdsauth",
        .description = "Asks the stage whether a master's password is right",
        .license = BSD,
        .version = 0x0100,
        .version_text = "1.0",
        .maturity = STABLE,
    },
    {0},
};
