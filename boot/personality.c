/* SPDX-License-Identifier: BSD-2-Clause */
#include "personality.h"

#include <errno.h>

#include "agent/agent.h"
#include "fw_cfg.h"
#include "pages.h"

#define PERSONALITY_FILE "opt/bare-qga/personality"
/* Far more than a description of a guest needs, and little enough to read at boot. */
#define PERSONALITY_BYTES_MAX (4u << 20)

int personality_give(struct agent *agent)
{
    struct fw_cfg_file file;
    if (fw_cfg_find(PERSONALITY_FILE, &file))
        return agent_find_personality(agent, PERSONALITY_PATH);
    if (file.size > PERSONALITY_BYTES_MAX)
        return -E2BIG;
    size_t pages = file.size / PAGE_SIZE + 1;
    void *text = pages_alloc(pages);
    if (!text)
        return -ENOMEM;
    int error = fw_cfg_read(&file, 0, text, file.size);
    if (!error)
        error = agent_set_personality(agent, text, file.size, PERSONALITY_FILE);
    pages_free(text, pages);
    return error;
}
