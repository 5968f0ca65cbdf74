/* SPDX-License-Identifier: BSD-2-Clause */
/* How the shell's program, its operations and its builtins call each other. */
#ifndef AGENT_SH_RUN_H
#define AGENT_SH_RUN_H

#include "sh.h"

/* Carries out the next operation; STEP_EXIT after the last one. */
enum step sh_run_op(struct task *task);
/* "set -e": ends the shell if the last command failed and nobody asked whether it would. */
void sh_judge_status(struct task *task);
/* A shell that goes on at `pc` by itself, or NULL: then the shell ends. */
struct task *sh_fork(struct task *task, uint32_t pc);
enum step sh_end(struct task *task, int status);
/* Forgets the loops beyond the first `count`. */
void sh_forget_loops(struct sh *sh, size_t count);
/* Takes some of the line that "read" waits for. */
enum step sh_read_some(struct task *task);
bool sh_set_options(struct task *task, const char *word, bool *has_command);
bool sh_set_named_option(struct task *task, const char *name, bool on);

#endif
