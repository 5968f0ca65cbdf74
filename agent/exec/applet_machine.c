/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that tell facts: about the machine, the guest, and what runs in it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "facts.h"
#include "state.h"

#define KIB         1024u
#define NS_PER_S    UINT64_C(1000000000)
#define NS_PER_HOUR (NS_PER_S * 3600)

/* ---- uname, arch, hostname, nproc ------------------------------------------------------ */

static enum step step_uname(struct task *task)
{
    struct facts_kernel kernel = facts_kernel(task->agent);
    char host[FACTS_HOST_NAME_BYTES];
    struct applet_options options;
    const char *space = "";

    if (!applet_options(task, "amnoprsvi",
                        "all=a kernel-name=s nodename=n kernel-release=r kernel-version=v "
                        "machine=m processor=p hardware-platform=i operating-system=o",
                        &options)) {
        return task_exit(task, 1);
    }
    if (task->argc > 1) {
        task_error(task, "extra operand '%s'", task->argv[1]);
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 1);
    }
    if (applet_has(&options, 'a')) {
        applet_give(&options, "snrvmo");
    }
    if (options.given == 0) {
        applet_give(&options, "s");
    }
    facts_host_name(task->agent, host);
    for (const char *letter = "snrvmpio"; *letter != '\0'; letter++) {
        const char *text = *letter == 's'   ? kernel.name
                           : *letter == 'n' ? host
                           : *letter == 'r' ? kernel.release
                           : *letter == 'v' ? kernel.version
                           : *letter == 'm' ? kernel.machine
                           : *letter == 'o' ? kernel.name
                                            : "unknown";

        if (applet_has(&options, *letter)) {
            task_print(task, 1, "%s%s", space, text);
            space = " ";
        }
    }
    task_write(task, 1, "\n", 1);
    return task_exit(task, 0);
}

static enum step step_arch(struct task *task)
{
    task_print(task, 1, "%s\n", facts_kernel(task->agent).machine);
    return task_exit(task, 0);
}

static enum step step_hostname(struct task *task)
{
    char host[FACTS_HOST_NAME_BYTES];
    struct applet_options options;
    char *dot;

    if (!applet_options(task, "fs", "fqdn=f long=f short=s", &options)) {
        return task_exit(task, 1);
    }
    if (task->argc > 1) {
        task_error(task, "you don't have permission to set the host name");
        return task_exit(task, 1);
    }
    facts_host_name(task->agent, host);
    dot = strchr(host, '.');
    if (dot != NULL && applet_has(&options, 's')) {
        *dot = '\0';
    }
    task_print(task, 1, "%s\n", host);
    return task_exit(task, 0);
}

static enum step step_nproc(struct task *task)
{
    struct facts_vcpu vcpu;
    struct applet_options options;
    unsigned count = 0;
    bool counts_all;

    if (!applet_options(task, "a", "all=a", &options)) {
        return task_exit(task, 1);
    }
    if (task->argc > 1) {
        task_error(task, "extra operand '%s'", task->argv[1]);
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 1);
    }
    counts_all = applet_has(&options, 'a');

    for (size_t i = 0; facts_vcpu(task->agent, i, &vcpu); i++) {
        count += vcpu.online || counts_all;
    }
    task_print(task, 1, "%u\n", count);
    return task_exit(task, 0);
}

const struct applet applet_uname = {.name = "uname", .step = step_uname};
const struct applet applet_arch = {.name = "arch", .step = step_arch};
const struct applet applet_hostname = {.name = "hostname", .step = step_hostname};
const struct applet applet_nproc = {.name = "nproc", .step = step_nproc};

/* ---- id, whoami: there is nobody but root ---------------------------------------------- */

static enum step step_id(struct task *task)
{
    struct applet_options options;
    bool named;

    if (!applet_options(task, "Ggnru", "groups=G group=g name=n real=r user=u", &options)) {
        return task_exit(task, 1);
    }
    if (task->argc > 1 && strcmp(task->argv[1], "root") != 0 && strcmp(task->argv[1], "0") != 0) {
        task_error(task, "'%s': no such user", task->argv[1]);
        return task_exit(task, 1);
    }
    named = applet_has(&options, 'n');
    if (applet_has(&options, 'u') || applet_has(&options, 'g') || applet_has(&options, 'G')) {
        task_print(task, 1, "%s\n", named ? "root" : "0");
    } else if (named) {
        task_error(task, "cannot print only names or real IDs in default format");
        return task_exit(task, 1);
    } else {
        task_print(task, 1, "uid=0(root) gid=0(root) groups=0(root)\n");
    }
    return task_exit(task, 0);
}

static enum step step_whoami(struct task *task)
{
    task_print(task, 1, "root\n");
    return task_exit(task, 0);
}

const struct applet applet_id = {.name = "id", .step = step_id};
const struct applet applet_whoami = {.name = "whoami", .step = step_whoami};

/* ---- uptime, free, df ------------------------------------------------------------------ */

static enum step step_uptime(struct task *task)
{
    uint64_t up_ns = task_now_ns(task);
    unsigned minutes = (unsigned)(up_ns / (NS_PER_S * 60) % 60);
    unsigned hours = (unsigned)(up_ns / NS_PER_HOUR % 24);
    unsigned days = (unsigned)(up_ns / (NS_PER_HOUR * 24));
    struct facts_user user;
    double load[3];
    unsigned users = 0;

    while (facts_user(task->agent, users, &user)) {
        users++;
    }
    facts_load(task->agent, load);
    applet_print_time(task, " %H:%M:%S up ", agent_realtime_ns(task->agent));
    if (days > 0) {
        task_print(task, 1, days == 1 ? "%u day, " : "%u days, ", days);
    }
    if (hours > 0) {
        task_print(task, 1, "%2u:%02u", hours, minutes);
    } else {
        task_print(task, 1, "%u min", minutes);
    }
    task_print(task, 1,
               users == 1 ? ",  %u user,  load average: %.2f, %.2f, %.2f\n"
                          : ",  %u users,  load average: %.2f, %.2f, %.2f\n",
               users, load[0], load[1], load[2]);
    return task_exit(task, 0);
}

static enum step step_free(struct task *task)
{
    const struct platform *platform = task->agent->platform;
    uint64_t total = platform->memory_total(platform->ctx);
    uint64_t left = platform->memory_free(platform->ctx);
    struct applet_options options;
    uint64_t unit = KIB;

    if (!applet_options(task, "bghkm", "bytes=b kibi=k mebi=m gibi=g", &options)) {
        return task_exit(task, 1);
    }
    unit = applet_has(&options, 'b')   ? 1
           : applet_has(&options, 'm') ? KIB * KIB
           : applet_has(&options, 'g') ? (uint64_t)KIB * KIB * KIB
                                       : KIB;
    left = left < total ? left : total;
    task_print(task, 1, "%17s%12s%12s%12s%12s%12s\n", "total", "used", "free", "shared",
               "buff/cache", "available");
    task_print(task, 1, "Mem:  %11" PRIu64 "%12" PRIu64 "%12" PRIu64 "%12u%12u%12" PRIu64 "\n",
               total / unit, (total - left) / unit, left / unit, 0u, 0u, left / unit);
    task_print(task, 1, "Swap: %11u%12u%12u\n", 0u, 0u, 0u);
    return task_exit(task, 0);
}

/* What df says of one file system, in columns as wide as they must be. */
struct df_row {
    char cells[6][32];
};

static void df_size(const struct applet_options *options, uint64_t bytes, char cell[32])
{
    uint64_t unit = applet_has(options, 'm') ? KIB * KIB : KIB;

    if (applet_has(options, 'h')) {
        applet_human_size(bytes, cell);
    } else {
        snprintf(cell, 32, "%" PRIu64, (bytes + unit - 1) / unit);
    }
}

static void df_fill(const struct applet_options *options, const struct facts_filesystem *fs,
                    struct df_row *row)
{
    uint64_t left = fs->total_bytes - fs->used_bytes;

    snprintf(row->cells[0], 32, "%s", fs->name);
    snprintf(row->cells[1], 32, "%s", fs->type);
    df_size(options, fs->total_bytes, row->cells[2]);
    df_size(options, fs->used_bytes, row->cells[3]);
    df_size(options, left, row->cells[4]);
    snprintf(row->cells[5], 32, "%u%%",
             fs->total_bytes == 0
                 ? 0u
                 : (unsigned)((fs->used_bytes * 100 + fs->total_bytes - 1) / fs->total_bytes));
}

static void df_print(struct task *task, const struct applet_options *options,
                     const struct df_row *row, const int width[6], const char *mountpoint)
{
    task_print(task, 1, "%-*s ", width[0], row->cells[0]);
    if (applet_has(options, 'T')) {
        task_print(task, 1, "%-*s ", width[1], row->cells[1]);
    }
    for (int i = 2; i < 6; i++) {
        task_print(task, 1, "%*s ", width[i], row->cells[i]);
    }
    task_print(task, 1, "%s\n", mountpoint);
}

/* Any path lies on the only file system, if it is there at all. */
static int df_check_operands(struct task *task)
{
    int good = 0;

    for (int i = 1; i < task->argc; i++) {
        struct ramfs_node *node;
        int result = task_lookup(task, task->argv[i], &node);

        if (result < 0) {
            task_error(task, "%s: %s", task->argv[i], ramfs_error_text(result));
        } else {
            good++;
        }
    }
    return good;
}

static enum step step_df(struct task *task)
{
    static const int minimum[6] = {14, 4, 5, 5, 5, 4};
    struct df_row heading = {{"Filesystem", "Type", "1K-blocks", "Used", "Available", "Use%"}};
    struct facts_filesystem fs;
    struct applet_options options;
    struct df_row row;
    int width[6];
    int good;

    if (!applet_options(task, "PTahkm", "human-readable=h portability=P print-type=T all=a",
                        &options)) {
        return task_exit(task, 1);
    }
    good = df_check_operands(task);
    if ((task->argc > 1 && good == 0) || !facts_filesystem(task->agent, 0, &fs)) {
        return task_exit(task, task->argc > 1);
    }
    if (applet_has(&options, 'h')) {
        strcpy(heading.cells[2], "Size");
        strcpy(heading.cells[4], "Avail");
    } else if (applet_has(&options, 'm')) {
        strcpy(heading.cells[2], "1M-blocks");
    } else if (applet_has(&options, 'P')) {
        strcpy(heading.cells[2], "1024-blocks");
        strcpy(heading.cells[5], "Capacity");
    }
    df_fill(&options, &fs, &row);
    for (int i = 0; i < 6; i++) {
        int cell = (int)strlen(row.cells[i]);

        width[i] = (int)strlen(heading.cells[i]);
        width[i] = cell > width[i] ? cell : width[i];
        width[i] = minimum[i] > width[i] ? minimum[i] : width[i];
    }
    df_print(task, &options, &heading, width, "Mounted on");
    for (int i = 0; i < (task->argc > 1 ? good : 1); i++) {
        df_print(task, &options, &row, width, fs.mountpoint);
    }
    return task_exit(task, task->argc > 1 && good < task->argc - 1);
}

const struct applet applet_uptime = {.name = "uptime", .step = step_uptime};
const struct applet applet_free = {.name = "free", .step = step_free};
const struct applet applet_df = {.name = "df", .step = step_df};

/* ---- ps, dmesg ------------------------------------------------------------------------- */

static enum step step_ps(struct task *task)
{
    task_print(task, 1, "    PID TTY          TIME CMD\n");
    for (const struct task *other = task->agent->tasks.first; other != NULL; other = other->next) {
        task_print(task, 1, "%7" PRId64 " ?        00:00:00 %s\n", other->pid, other->applet->name);
    }
    return task_exit(task, 0);
}

struct dmesg_state {
    uint64_t position;
};

static enum step step_dmesg(struct task *task)
{
    const struct platform *platform = task->agent->platform;
    struct dmesg_state *state = task->state;
    char text[512] = {0};
    size_t count = platform->log_read == NULL
                       ? 0
                       : platform->log_read(platform->ctx, &state->position, text, sizeof(text));

    task_write(task, 1, text, count);
    return count > 0 ? STEP_MORE : task_exit(task, 0);
}

const struct applet applet_ps = {.name = "ps", .step = step_ps};
const struct applet applet_dmesg = {
    .name = "dmesg", .step = step_dmesg, .state_size = sizeof(struct dmesg_state)};
