/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86 registers, over the ports of a test. */
#include "boot/x86_64/include/arch/fw_cfg.h"
