/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent as a Linux process: the same sources as in the kernel behind a unix socket, for
 * people who develop clients, and for sanitizers, profilers and fuzzers.  Its files live in its
 * own memory and nowhere else.
 */
#define _GNU_SOURCE /* ppoll(), accept4() */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "cpio.h"
#include "fd_channel.h"
#include "klog.h"
#include "linux_platform.h"
#include "log_ring.h"
#include "options.h"
#include "remote.h"
#include "tcp.h"

#define DEFAULT_MEMORY_MIB 64
/* What a shell sees of a process that abort() ended. */
#define CRASH_STATUS 134
#define NS_PER_S     UINT64_C(1000000000)

static volatile sig_atomic_t is_stopping;

struct server {
    const char *path;
    const char *initrd;
    const char *personality;
    struct options options;
    struct linux_platform platform;
    struct agent *agent;
    struct session *session;
    struct fd_channel channel;
    int listener;
    struct tcp_server tcp;
    const char *secret_path; /* NULL: no agent on TCP */
    struct remote *remote;
};

void klog(const char *format, ...)
{
    char line[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    log_ring_add(line, strlen(line));
    log_ring_add("\n", 1);
    fprintf(stderr, "bare-qga: %s\n", line);
}

static size_t log_read(void *ctx, uint64_t *position, char *bytes, size_t size)
{
    (void)ctx;
    return log_ring_read(position, bytes, size);
}

static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

static __attribute__((noreturn)) void fail(const char *what, const char *about)
{
    fprintf(stderr, "bare-qga: %s %s: %s\n", what, about, strerror(errno));
    exit(1);
}

/* The whole of a file, to be freed by the caller. */
static char *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *data;
    size_t done = 0;

    if (fd < 0 || fstat(fd, &status) < 0) {
        fail("cannot open", path);
    }
    data = malloc((size_t)status.st_size + 1);
    if (data == NULL) {
        fail("no memory for", path);
    }
    while (done < (size_t)status.st_size) {
        ssize_t count = read(fd, data + done, (size_t)status.st_size - done);

        if (count <= 0) {
            fail("cannot read", path);
        }
        done += (size_t)count;
    }
    close(fd);
    *size = done;
    return data;
}

static int add_entry(void *ctx, const struct cpio_entry *entry)
{
    struct agent *agent = ctx;
    int error = entry->kind == CPIO_DIRECTORY
                    ? agent_add_directory(agent, entry->path)
                    : agent_add_file(agent, entry->path, entry->data, entry->size);

    return error < 0 ? error : agent_set_attributes(agent, entry->path, entry->mode, entry->mtime);
}

static void server_boot_remote(struct server *server)
{
    const struct options *options = &server->options;
    unsigned allow = (options->agent_tcp_files ? REMOTE_ALLOW_FILES : 0) |
                     (options->agent_tcp_danger ? REMOTE_ALLOW_DANGER : 0);
    size_t size;
    char *secret = read_file(server->secret_path, &size);

    server->remote = remote_create(server->agent, secret, size, allow);
    free(secret);
    if (server->remote == NULL) {
        exit(1);
    }
    tcp_server_serve(&server->tcp, server->remote);
}

static void server_destroy(struct server *server)
{
    if (server->remote != NULL) {
        remote_destroy(server->remote);
        server->remote = NULL;
        tcp_server_serve(&server->tcp, NULL);
    }
    if (server->agent != NULL) {
        agent_destroy(server->agent);
        server->agent = NULL;
    }
}

/* A fresh agent, as after a boot. */
static void server_boot(struct server *server)
{
    const struct options *options = &server->options;

    linux_platform_init(&server->platform, options->memory_bytes);
    server->channel.is_shut = false;
    server->platform.platform.log_read = log_read;
    server->agent = agent_create(&server->platform.platform);
    if (server->agent == NULL) {
        fprintf(stderr, "bare-qga: %llu bytes of memory do not suffice\n",
                (unsigned long long)options->memory_bytes);
        exit(1);
    }
    agent_set_rpcs(server->agent, options->block_rpcs, options->allow_rpcs);
    if (server->initrd != NULL) {
        size_t size;
        char *archive = read_file(server->initrd, &size);

        if (cpio_read(archive, size, add_entry, server->agent) < 0) {
            klog("%s: not all of it could be unpacked", server->initrd);
        }
        free(archive);
    }
    if (server->personality != NULL) {
        size_t size;
        char *text = read_file(server->personality, &size);

        agent_set_personality(server->agent, text, size, server->personality);
        free(text);
    } else {
        agent_find_personality(server->agent, PERSONALITY_PATH);
    }
    if (options->hostname[0] != '\0') {
        char line[OPTIONS_HOSTNAME_BYTES + 1];
        int length = snprintf(line, sizeof(line), "%s\n", options->hostname);

        agent_add_file(server->agent, "/etc/hostname", line, (size_t)length);
    }
    server->session = session_create(server->agent, fd_channel_as_channel(&server->channel));
    if (server->session == NULL) {
        fprintf(stderr, "bare-qga: no memory for a session\n");
        exit(1);
    }
    if (server->secret_path != NULL) {
        server_boot_remote(server);
    }
}

static void server_listen(struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(server->path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        fail("cannot listen on", server->path);
    }
    strcpy(address.sun_path, server->path);
    unlink(server->path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(server->listener, SOMAXCONN) < 0) {
        fail("cannot listen on", server->path);
    }
}

static void server_disconnect(struct server *server)
{
    session_closed(server->session);
    close(server->channel.fd);
    fd_channel_open(&server->channel, -1);
}

/* What the last command wanted of the machine: a process can end, or start over. */
static void server_power(struct server *server)
{
    int power = server->platform.power;

    if (power < 0) {
        return;
    }
    if (server->channel.fd >= 0) {
        server_disconnect(server);
    }
    server_destroy(server);
    if (power == PLATFORM_REBOOT) {
        server_boot(server);
    } else {
        is_stopping = 1;
    }
}

/* How long the agent has nothing to do by itself; NULL stands for ever. */
static const struct timespec *server_timeout(const struct server *server, bool is_busy,
                                             struct timespec *timeout)
{
    const struct platform *platform = &server->platform.platform;
    uint64_t agent_deadline = agent_deadline_ns(server->agent);
    uint64_t remote_deadline =
        server->remote != NULL ? remote_deadline_ns(server->remote) : UINT64_MAX;
    uint64_t deadline = agent_deadline < remote_deadline ? agent_deadline : remote_deadline;
    uint64_t now = platform->monotonic_ns(platform->ctx);
    uint64_t left = is_busy || deadline < now ? 0 : deadline - now;

    if (!is_busy && deadline == UINT64_MAX) {
        return NULL;
    }
    *timeout =
        (struct timespec){.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)};
    return timeout;
}

/*
 * Waits until something can move, which a busy agent does not allow for; a client is taken when
 * there is none.
 */
static void server_wait(struct server *server, bool is_busy, const sigset_t *while_waiting)
{
    struct timespec timeout;
    bool has_client = server->channel.fd >= 0;
    struct pollfd fds[1 + TCP_SERVER_FDS] = {
        {.fd = has_client ? server->channel.fd : server->listener, .events = POLLIN}};
    struct pollfd *wanted = &fds[0];
    unsigned tcp_fds = tcp_server_watch(&server->tcp, fds + 1);

    if (server->channel.is_shut) {
        wanted->fd = -1; /* whoever comes waits until the agent is back */
    } else if (has_client && fd_channel_is_stalled(&server->channel)) {
        wanted->events = POLLOUT; /* until it takes its reply, nothing more is read from it */
    } else if (has_client && !fd_channel_is_drained(&server->channel)) {
        wanted->events = 0; /* the agent takes its time; only the client's leaving is news */
    }
    if (ppoll(fds, 1 + tcp_fds, server_timeout(server, is_busy, &timeout), while_waiting) <= 0) {
        return;
    }
    tcp_server_handle(&server->tcp, fds + 1, tcp_fds);
    if (wanted->revents == 0) {
        return;
    }
    if (!has_client) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            fd_channel_open(&server->channel, fd);
        }
    } else if (wanted->events == POLLOUT) {
        session_poll(server->session);
    } else if (wanted->events == 0) {
        server->channel.is_finished = true;
    } else {
        fd_channel_fill(&server->channel);
    }
}

/* Whether there is nothing to do until something happens. */
static bool server_is_idle(const struct server *server, bool has_moved)
{
    const struct fd_channel *channel = &server->channel;

    return channel->fd < 0 || fd_channel_is_stalled(channel) ||
           (!fd_channel_has_room(channel) && (fd_channel_is_drained(channel) || !has_moved));
}

/* One turn: moves bytes, and sees to what that has brought about; returns whether any moved. */
static bool server_turn(struct server *server)
{
    bool has_moved = session_poll(server->session);

    server_power(server);
    if (server->channel.fd >= 0 &&
        (server->channel.is_shut ||
         (server->channel.is_finished && server_is_idle(server, has_moved)))) {
        server_disconnect(server);
    }
    return has_moved;
}

static void server_run(struct server *server)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;
    sigset_t while_waiting;
    bool has_moved = true;

    /* Signals arrive only inside ppoll(), so none is lost between the check and the wait. */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    while (!is_stopping) {
        bool is_busy = agent_poll(server->agent);

        is_busy |= server->remote != NULL && remote_poll(server->remote);
        if (server->platform.has_crashed) {
            exit(CRASH_STATUS);
        }
        if (server_is_idle(server, has_moved)) {
            server_wait(server, is_busy, &while_waiting);
        }
        has_moved = server_turn(server);
    }
}

static void usage(FILE *out)
{
    fputs("usage: bare-qga --listen PATH [--memory MiB] [--config FILE] [--initrd FILE]\n"
          "                [--personality FILE] [--tcp PORT --secret-file FILE [--allow LIST]]\n"
          "\n"
          "A QEMU guest agent whose files live in memory, behind a unix socket: one client at\n"
          "a time, further ones wait.\n"
          "\n"
          "  --listen PATH   the socket, replaced if it exists\n"
          "  --memory MiB    the budget for files and requests (default 64)\n"
          "  --config FILE   options in the words of the kernel's command line\n"
          "  --initrd FILE   a cpio \"newc\" archive: the initial file tree\n"
          "  --personality FILE\n"
          "                  who the guest claims to be, and how it misbehaves (JSON)\n"
          "  --tcp PORT      also on this TCP port of 127.0.0.1 (0: a free one); needs\n"
          "  --secret-file FILE\n"
          "                  32 bytes or more that its clients know (docs/tcp.md)\n"
          "  --allow LIST    what those may, as agent.tcp.allow: ro, rw, danger or rw,danger\n",
          out);
}

/* --tcp and --allow, the latter in the words of the kernel's command line. */
static void open_tcp(struct server *server, const char *port, const char *allow)
{
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    char word[64];
    int length = snprintf(word, sizeof(word), "agent.tcp.allow=%s", allow != NULL ? allow : "ro");

    if (length < (int)sizeof(word)) {
        options_parse(&server->options, word, (size_t)length, "--allow");
    }
    if (length >= (int)sizeof(word) || server->options.refused > 0) {
        exit(2);
    }
    if (*port == '\0' || *end != '\0' || number > UINT16_MAX) {
        errno = EINVAL;
        fail("--tcp", port);
    }
    if (tcp_server_listen(&server->tcp, (uint16_t)number) < 0) {
        fail("cannot listen on TCP port", port);
    }
}

static void parse_command_line(struct server *server, int argc, char **argv)
{
    static const struct option long_options[] = {
        {"listen", required_argument, NULL, 'l'}, {"memory", required_argument, NULL, 'm'},
        {"config", required_argument, NULL, 'c'}, {"initrd", required_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},         {"personality", required_argument, NULL, 'p'},
        {"tcp", required_argument, NULL, 't'},    {"secret-file", required_argument, NULL, 's'},
        {"allow", required_argument, NULL, 'a'},  {NULL, 0, NULL, 0},
    };
    const char *config = NULL;
    const char *tcp = NULL;
    const char *allow = NULL;
    unsigned long memory_mib = 0;
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'l':
            server->path = optarg;
            break;
        case 'm':
            memory_mib = strtoul(optarg, NULL, 10);
            if (memory_mib == 0 || memory_mib > UINT32_MAX) {
                errno = EINVAL;
                fail("--memory", optarg);
            }
            break;
        case 'c':
            config = optarg;
            break;
        case 'i':
            server->initrd = optarg;
            break;
        case 'p':
            server->personality = optarg;
            break;
        case 't':
            tcp = optarg;
            break;
        case 's':
            server->secret_path = optarg;
            break;
        case 'a':
            allow = optarg;
            break;
        default:
            usage(option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (server->path == NULL || optind != argc || (tcp == NULL) != (server->secret_path == NULL)) {
        usage(stderr);
        exit(2);
    }
    options_init(&server->options);
    if (config != NULL) {
        size_t size;
        char *text = read_file(config, &size);

        options_parse(&server->options, text, size, config);
        free(text);
    }
    if (tcp != NULL) {
        open_tcp(server, tcp, allow);
    }
    if (memory_mib != 0) {
        server->options.memory_bytes = (uint64_t)memory_mib << 20;
    } else if (server->options.memory_bytes == 0) {
        server->options.memory_bytes = (uint64_t)DEFAULT_MEMORY_MIB << 20;
    }
}

int main(int argc, char **argv)
{
    static struct server server;

    server.tcp.listener = -1;
    parse_command_line(&server, argc, argv);
    fd_channel_open(&server.channel, -1);
    server_boot(&server);
    server_listen(&server);
    server_run(&server);
    if (server.channel.fd >= 0) {
        close(server.channel.fd);
    }
    server_destroy(&server);
    unlink(server.path);
    close(server.listener);
    return 0;
}
