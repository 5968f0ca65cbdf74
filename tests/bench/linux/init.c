/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of the Linux peer: no shell, nothing but what the agent needs.  Mounts, waits
 * for the port and starts qemu-ga, or the echo when the kernel's command line has "echo=1" (the
 * kernel hands words with "=" that it does not know to init as environment); and unless it has
 * "nonet=1", the services of the network suite.  The address is the kernel's business (ip=dhcp).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT       "/dev/vport0p1"
#define NAMED_PORT "/dev/virtio-ports/org.qemu.guest_agent.0"

static void start_services(void)
{
    execl("/bin/services", "services", (char *)0);
    perror("exec");
    _exit(1);
}

static void start(void)
{
    if (getenv("echo"))
        execl("/bin/echo", "echo", PORT, (char *)0);
    else
        execl("/usr/sbin/qemu-ga", "qemu-ga", "-m", "virtio-serial", "-p", NAMED_PORT, "-t", "/run",
              "-f", "/run/qemu-ga.pid", (char *)0);
    perror("exec");
    _exit(1);
}

int main(void)
{
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("tmp", "/tmp", "tmpfs", 0, NULL);
    mkdir("/dev/virtio-ports", 0755);
    if (symlink("../vport0p1", NAMED_PORT) < 0)
        perror(NAMED_PORT);
    /* The port appears when the driver has talked to the device, within milliseconds. */
    for (int i = 0; i < 4000 && access(PORT, F_OK) < 0; i++)
        usleep(500);
    if (fork() == 0)
        start();
    if (!getenv("nonet") && fork() == 0)
        start_services();
    for (;;)
        if (wait(NULL) < 0)
            pause();
}
