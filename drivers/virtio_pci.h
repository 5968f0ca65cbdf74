/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two PCI transports share; for virtio_pci.c and virtio_pci_legacy.c only. */
#ifndef DRIVERS_VIRTIO_PCI_H
#define DRIVERS_VIRTIO_PCI_H

#include "virtio.h"

static inline struct virtio_pci *virtio_pci_of(struct virtio_device *device)
{
    return (struct virtio_pci *)device;
}

/* The device did not take our vector (§4.1.5.1.2.1): the line, or polling, serves it from now on.
 */
void virtio_pci_fall_back(struct virtio_pci *pci);
/* Whether queues and configuration changes are to be routed to MSI-X vector 0. */
static inline bool virtio_pci_uses_message(const struct virtio_pci *pci)
{
    return pci->interrupt.kind == PCI_INTERRUPT_BY_MESSAGE;
}
/* The `release` of both transports. */
void virtio_pci_release(struct virtio_device *device);

/* The I/O window of a transitional device: 0, or -ENODEV when it has none. */
int virtio_pci_legacy_probe(struct virtio_pci *pci);

#endif
