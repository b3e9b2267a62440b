/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files that the target "sources" gives a machine; what make-seeds.c needs
 * to write records for it.
 */
#ifndef FUZZ_SOURCES_H
#define FUZZ_SOURCES_H

static const char *const fuzz_source_paths[] = {
	NULL,				/* --serial */
	"proc/iomem",
	"proc/meminfo",
	"proc/cmdline",
	"proc/self/status",
	"proc/config.gz",
	"boot/config-6.1.0",
	"proc/cpuinfo",
	"sys/kernel/kexec_loaded",
	"sys/kernel/security/lockdown",
	"proc/sys/kernel/kexec_load_limit_reboot",
	"sys/devices/system/memory/block_size_bytes",
	"sys/devices/system/memory/memory5/phys_index",
	"sys/devices/system/memory/memory5/state",
	"sys/devices/system/memory/memory5/valid_zones",
	"sys/firmware/acpi/tables/SPCR",
	"sys/firmware/acpi/tables/FACP",
	"sys/firmware/fdt",
	"proc/device-tree/#address-cells",
	"proc/device-tree/chosen/stdout-path",
	"proc/device-tree/uart@9000000/reg",
	"proc/device-tree/uart@9000000/compatible",
	"sys/firmware/memmap/0/start",
	"sys/firmware/memmap/0/end",
	"sys/firmware/memmap/0/type",
	"sys/kernel/boot_params/data",
	"sys/firmware/efi/systab",
	"sys/firmware/efi/fw_vendor",
	"sys/firmware/efi/fw_platform_size",
	"sys/firmware/efi/runtime",
	"sys/firmware/efi/config_table",
	"sys/firmware/efi/runtime-map/0/type",
	"sys/firmware/efi/runtime-map/0/phys_addr",
	"sys/firmware/efi/runtime-map/0/virt_addr",
	"sys/firmware/efi/runtime-map/0/num_pages",
	"sys/firmware/efi/runtime-map/0/attribute",
	"sys/firmware/edd/int13_dev80/raw_data",
	"sys/firmware/edd/int13_dev80/version",
	"sys/firmware/edd/int13_dev80/extensions",
	"sys/firmware/edd/int13_dev80/mbr_signature",
	"sys/class/tty/ttyS0/port",
	"sys/class/tty/ttyS0/iomem_base",
	"sys/kernel/vmcoreinfo",
	"sys/devices/system/cpu/cpu0/crash_notes",
	"sys/devices/system/cpu/cpu0/crash_notes_size",
	"proc/sys/kernel/random/boot_id",
	"proc/kcore",
	"proc/vmcore",
};

#define FUZZ_SOURCE_PATHS	(sizeof(fuzz_source_paths) / sizeof(fuzz_source_paths[0]))

#endif
