/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which consoles an x86_64 purgatory speaks on.
 *
 * What was asked for (--serial, --console-serial, --console-vga), else what
 * the machine itself uses: the firmware's console (SPCR table), else the
 * running kernel's console=ttySN; and VGA text where the machine is in a text
 * mode.  Progress can be quiet, but a failure must be seen somewhere.
 *
 * /sys/class/tty/ttySN: Documentation/ABI/testing/sysfs-tty.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "facts.h"
#include "kx/acpi.h"
#include "kx/cmdline.h"
#include "kx/number.h"
#include "x86_64.h"

#define UART_CLOCK	115200u	/* baud at divisor 1 */
#define PORT_MAX	0xfff8u	/* eight registers below 0x10000 */
#define VGA_TEXT_PA	0xb8000u
#define SCREEN_IS_VGA	0x0f	/* screen_info.orig_video_isVGA: 1 is text */

/* include/uapi/linux/serial.h, SERIAL_IO_*: how a port's registers are reached. */
#define IO_PORT		0
#define IO_MEM		2
#define IO_MEM32	3

/* Where COM1 to COM4 are when nobody says otherwise: asm/serial.h. */
static const uint16_t com_port[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

static void add(struct kx_sources *s, struct purg_console c)
{
	if (s->console_count < PURG_CONSOLES_MAX)
		s->console[s->console_count++] = c;
}

static void add_vga(struct kx_sources *s)
{
	add(s, (struct purg_console){ .kind = PURG_CONSOLE_VGA_TEXT, .addr = VGA_TEXT_PA });
}

static struct purg_console port_console(uint64_t port, uint32_t divisor)
{
	return (struct purg_console){
		.kind = PURG_CONSOLE_8250_PORT,
		.reg_width = 1,
		.divisor = divisor,
		.addr = port,
	};
}

static uint64_t tty_number(const struct kx_sources *s, const char *name, const char *file)
{
	uint64_t v;

	return kx_root_u64(s->root, 0, &v, NULL, "sys/class/tty/%s/%s", name, file) < 0 ? 0 : v;
}

/* The port of @name, "ttyS" and a number; false if nobody knows it. */
static bool find_tty(const struct kx_sources *s, const char *name, struct purg_console *ret)
{
	uint64_t type = tty_number(s, name, "io_type"), n;
	uint64_t port = tty_number(s, name, "port"), base = tty_number(s, name, "iomem_base");

	if (type == IO_PORT && port && port <= PORT_MAX) {
		*ret = port_console(port, 0);
		return true;
	}
	if ((type == IO_MEM || type == IO_MEM32) && base) {
		*ret = (struct purg_console){
			.kind = PURG_CONSOLE_8250_MMIO,
			.reg_shift = (uint32_t)tty_number(s, name, "iomem_reg_shift"),
			.reg_width = type == IO_MEM32 ? 4 : 1,
			.addr = base,
		};
		return true;
	}
	if (strncmp(name, "ttyS", 4) || kx_number_parse(name + 4, 10, &n, NULL) < 0 ||
	    n >= sizeof(com_port) / sizeof(com_port[0]))
		return false;
	*ret = port_console(com_port[n], 0);
	return true;
}

/* ---- asked for ---------------------------------------------------------------- */

static int wish_divisor(const struct kx_console_wish *wish, uint32_t *ret, struct kx_err *err)
{
	*ret = 0;
	if (!wish->baud)
		return 0;
	if (UART_CLOCK % wish->baud || UART_CLOCK / wish->baud > UINT16_MAX)
		return kx_err_set(err, EINVAL,
				  "--serial-baud: expected a rate that divides 115200, have %" PRIu32,
				  wish->baud);
	*ret = UART_CLOCK / wish->baud;
	return 0;
}

static int wish_serial(const struct kx_sources *s, const char *serial, struct purg_console *ret,
		       struct kx_err *err)
{
	uint64_t port;

	if (!strncmp(serial, "tty", 3) && !strchr(serial, '/') && find_tty(s, serial, ret))
		return 0;
	if (kx_number_parse(serial, 0, &port, NULL) < 0)
		return kx_err_set(err, EINVAL,
				  "--serial: expected ttyS0, ttyS1 or an I/O port such as 0x3f8, have '%s'",
				  serial);
	if (port == 0 || port > PORT_MAX)
		return kx_err_set(err, EINVAL,
				  "--serial: expected an I/O port from 0x1 to 0x%x, have 0x%" PRIx64,
				  PORT_MAX, port);
	*ret = port_console(port, 0);
	return 0;
}

static int add_wished(struct kx_sources *s, const struct kx_console_wish *wish,
		      struct kx_err *err)
{
	struct purg_console c = port_console(com_port[0], 0);
	uint32_t divisor;
	int r;

	r = wish_divisor(wish, &divisor, err);
	if (r < 0)
		return r;
	if (wish->serial) {
		r = wish_serial(s, wish->serial, &c, err);
		if (r < 0)
			return r;
	}
	if (wish->serial || wish->serial_port) {
		c.divisor = divisor;
		add(s, c);
		s->console_source = wish->serial ? "--serial" : "--console-serial";
	}
	if (wish->vga) {
		add_vga(s);
		s->console_source = s->console_source ? "--serial, --console-vga" : "--console-vga";
	}
	return 0;
}

/* ---- what the machine uses ------------------------------------------------------ */

static int add_spcr(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct purg_console c;
	struct kx_bytes spcr;
	int r = kx_root_read(s->root, a, &spcr, NULL, "sys/firmware/acpi/tables/SPCR");

	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "SPCR: out of memory");
	/* A firmware's odd table is no reason not to boot. */
	if (r < 0 || kx_acpi_spcr(spcr, &c, NULL) < 0 || c.kind == PURG_CONSOLE_PL011)
		return 0;
	add(s, c);
	s->console_source = "SPCR";
	return 0;
}

/* The last console=ttySN[,options]: there may be others, console=tty0 for one. */
static void add_kernel_console(struct kx_sources *s)
{
	static const char key[] = "console=ttyS";
	const char *p = s->cmdline, *last = NULL;
	struct purg_console c;
	char name[16] = "ttyS";
	size_t n;

	for (; (p = strstr(p, key)); p++)
		if (p == s->cmdline || p[-1] == ' ')
			last = p + sizeof(key) - 1;
	if (!last)
		return;
	n = strspn(last, "0123456789");
	if (n == 0 || n >= sizeof(name) - 4)
		return;
	memcpy(name + 4, last, n);
	if (!find_tty(s, name, &c))
		return;
	add(s, c);
	s->console_source = "console= of the running kernel";
}

static int add_default(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_bytes screen = s->x86.screen_info;
	int r;

	r = add_spcr(s, a, err);
	if (r < 0)
		return r;
	if (s->console_count == 0)
		add_kernel_console(s);
	if (screen.len > SCREEN_IS_VGA && screen.data[SCREEN_IS_VGA] == 1) {
		add_vga(s);
		if (!s->console_source)
			s->console_source = "screen_info";
	}
	return 0;
}

int kx_consoles_x86(struct kx_sources *s, const struct kx_console_wish *wish,
		    struct kx_arena *a, struct kx_err *err)
{
	int r = 0;

	if (wish)
		r = add_wished(s, wish, err);
	if (r == 0 && s->console_count == 0)
		r = add_default(s, a, err);
	return r;
}
