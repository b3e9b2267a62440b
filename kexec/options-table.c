/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every option of kexec, one row each, and what it does to struct options.
 *
 * Adding an option: a row here, a line in doc/man/kexec.8 and one in
 * completion/kexec.bash; tests/cli compares the three.
 * Used by options.c and options-help.c.
 */
#include "options-table.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "kx/number.h"
#include "kx/saved-cipher.h"

/* ---- what an option does ------------------------------------------------ */

static int set_flag(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	(void)value;
	(void)err;
	*(bool *)((char *)o + row->field) = true;
	return 0;
}

static int set_string(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	(void)err;
	*(const char **)((char *)o + row->field) = value;
	return 0;
}

static int set_number(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	uint64_t v;

	if (kx_number_parse(value, 0, &v, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	*(uint64_t *)((char *)o + row->field) = v;
	return 0;
}

static int set_baud(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	o->serial_baud_given = true;
	return set_number(o, row, value, err);
}

/* Who names a port for purgatory wants to hear how long it took. */
static int set_serial(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	o->req.say_timing = true;
	return set_string(o, row, value, err);
}

static int set_entry(struct options *o, const struct option_row *row, const char *value,
		     struct kx_err *err)
{
	o->req.has_entry = true;
	return set_number(o, row, value, err);
}

static int set_call(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	(void)value;
	(void)err;
	o->req.call = (enum kx_call)row->value;
	return 0;
}

static int set_args(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	(void)value;
	(void)err;
	o->req.x86.args = row->value;
	return 0;
}

/* Later options change what will be done; what they set otherwise stays. */
static int set_verb(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	(void)value;
	(void)err;
	if (o->verb != VERB_STATUS)
		o->verb = (enum verb)row->value;
	if (row->value == VERB_LOAD)
		o->load_seen = true;
	return 0;
}

/*
 * As -l; -f loads as well, and the old way to ask for a call has both: these stay,
 * wherever they are.
 */
static int set_load(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	if (o->verb != VERB_LOAD_EXEC && o->verb != VERB_CALL)
		return set_verb(o, row, value, err);
	o->load_seen = true;
	return 0;
}

static int set_preserve(struct options *o, const struct option_row *row, const char *value,
			struct kx_err *err)
{
	o->req.preserve = true;
	return set_load(o, row, value, err);
}

static int set_window(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	uint64_t v;

	if (kx_size_parse(value, &v, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	if (!v)
		return kx_err_set(err, EINVAL, "--%s: expected a size, have 0", row->name);
	o->req.window_size = v;
	return 0;
}

static int set_resume(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	if (value && kx_number_parse(value, 0, &o->req.resume_entry, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	o->req.has_resume_entry |= value != NULL;
	o->req.resume = o->req.preserve = true;
	return set_load(o, row, value, err);
}

static int set_resume_target(struct options *o, const struct option_row *row, const char *value,
			     struct kx_err *err)
{
	o->resume_target = value;
	return set_verb(o, row, value, err);
}

static int set_key(struct options *o, const struct option_row *row, const char *value,
		   struct kx_err *err)
{
	o->key = value;
	if (kx_saved_key_check(value, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	return 0;
}

static int set_call_file(struct options *o, const struct option_row *row, const char *value,
			 struct kx_err *err)
{
	o->req.function = (struct kx_input){ .path = value, .fd = -1 };
	o->req.preserve = true;
	return set_verb(o, row, value, err);
}

static int add_call_arg(struct options *o, const struct option_row *row, const char *value,
			struct kx_err *err)
{
	size_t max = sizeof(o->req.call_arg) / sizeof(o->req.call_arg[0]);

	if (o->req.call_arg_count == max)
		return kx_err_set(err, EINVAL, "--%s: expected at most %zu of them", row->name, max);
	if (kx_number_parse(value, 0, &o->req.call_arg[o->req.call_arg_count], err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	o->req.call_arg_count++;
	return 0;
}

static int set_crash(struct options *o, const struct option_row *row, const char *value,
		     struct kx_err *err)
{
	(void)row;
	(void)value;
	(void)err;
	if (o->verb != VERB_STATUS)
		o->verb = VERB_LOAD;
	o->req.crash = true;
	return 0;
}

static int set_immediate(struct options *o, const struct option_row *row, const char *value,
			 struct kx_err *err)
{
	(void)value;
	(void)err;
	o->verb = (enum verb)row->value;
	o->immediate = true;
	return 0;
}

static int json_or_nothing(const struct option_row *row, const char *value, enum output *ret,
			   struct kx_err *err)
{
	if (value && strcmp(value, "json"))
		return kx_err_set(err, EINVAL, "--%s: expected 'json' or nothing, have '%s'",
				  row->name, value);
	*ret = value ? OUTPUT_JSON : OUTPUT_NONE;
	return 0;
}

static int set_last_boot(struct options *o, const struct option_row *row, const char *value,
			 struct kx_err *err)
{
	int r = json_or_nothing(row, value, &o->last_boot, err);

	return r < 0 ? r : set_immediate(o, row, value, err);
}

static int set_status(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	int r = json_or_nothing(row, value, &o->status, err);

	if (r == 0)
		o->verb = VERB_STATUS;
	return r;
}

static int set_plan(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	static const struct { const char *name; enum output output; } out[] = {
		{ "text", OUTPUT_TEXT }, { "json", OUTPUT_JSON }, { "svg", OUTPUT_SVG },
	};

	(void)row;
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		if (!strcmp(value ? value : "text", out[i].name)) {
			o->plan = out[i].output;
			return 0;
		}
	}
	return kx_err_set(err, EINVAL, "--plan: expected 'text', 'json' or 'svg', have '%s'",
			  value);
}

/* The index of @value among the @n names in *@ret; @expected lists them for the error. */
static int choose(const struct option_row *row, const char *value, const char *const *names,
		  size_t n, const char *expected, size_t *ret, struct kx_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(value, names[i])) {
			*ret = i;
			return 0;
		}
	}
	return kx_err_set(err, EINVAL, "--%s: expected %s, have '%s'", row->name, expected, value);
}

static int set_on_corrupt(struct options *o, const struct option_row *row, const char *value,
			  struct kx_err *err)
{
	static const char *const name[] = {
		[PURG_FAIL_RESET] = "reset", [PURG_FAIL_HALT] = "halt",
	};
	size_t i = 0;
	int r = choose(row, value, name, 2, "'reset' or 'halt'", &i, err);

	if (r == 0)
		o->req.on_corrupt = (uint32_t)i;
	return r;
}

static int set_pack(struct options *o, const struct option_row *row, const char *value,
		    struct kx_err *err)
{
	static const char *const name[] = {
		[KX_PACK_AUTO] = "auto", [KX_PACK_NONE] = "none", [KX_PACK_LZ4] = "lz4",
	};
	size_t i = 0;
	int r = choose(row, value, name, 3, "'auto', 'none' or 'lz4'", &i, err);

	if (r == 0)
		o->req.pack = (enum kx_pack)i;
	return r;
}

static int set_stage(struct options *o, const struct option_row *row, const char *value,
		     struct kx_err *err)
{
	static const char *const name[] = {
		[KX_STAGE_AUTO] = "auto", [KX_STAGE_KERNEL] = "kernel",
		[KX_STAGE_CRASHKERNEL] = "crashkernel",
	};
	size_t i = 0;
	int r = choose(row, value, name, 3, "'auto', 'kernel' or 'crashkernel'", &i, err);

	if (r == 0)
		o->req.stage = (enum kx_stage)i;
	return r;
}

static int set_context(struct options *o, const struct option_row *row, const char *value,
		       struct kx_err *err)
{
	static const char *const name[] = {
		[KX_PRESERVE_AUTO] = "auto", [KX_PRESERVE_JUMP] = "jump",
		[KX_PRESERVE_SNAPSHOT] = "snapshot",
	};
	size_t i = 0;
	int r = choose(row, value, name, 3, "'auto', 'jump' or 'snapshot'", &i, err);

	if (r == 0)
		o->req.context = (enum kx_preserve)i;
	return r;
}

static int set_sysroot(struct options *o, const struct option_row *row, const char *value,
		       struct kx_err *err)
{
	(void)row;
	if (!*value)
		return kx_err_set(err, EINVAL, "--sysroot: expected a directory, have ''");
	/* The machine itself, however it is spelt, needs no prefix. */
	o->sysroot = value[strspn(value, "/")] ? value : "";
	return 0;
}

static int add_initrd(struct options *o, const struct option_row *row, const char *value,
		      struct kx_err *err)
{
	if (o->req.initrd_count == KX_INITRD_MAX)
		return kx_err_set(err, EINVAL, "--%s: expected at most %d of them", row->name,
				  KX_INITRD_MAX);
	o->req.initrd[o->req.initrd_count++] = (struct kx_input){ .path = value, .fd = -1 };
	return 0;
}

/* A known option without any effect here; the help text says why. */
static int set_nothing(struct options *o, const struct option_row *row, const char *value,
		       struct kx_err *err)
{
	(void)o;
	(void)row;
	(void)value;
	(void)err;
	return 0;
}

/* ---- the table ---------------------------------------------------------- */

#define FIELD(f)	offsetof(struct options, f)

const struct option_row option_rows[] = {
	{ .letter = 'h', .name = "help",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_immediate, .value = VERB_HELP,
	  .help = "Print this help" },
	{ .letter = 'v', .name = "version",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_immediate, .value = VERB_VERSION,
	  .help = "Print the version" },
	{ .letter = 'l', .name = "load",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_verb, .value = VERB_LOAD,
	  .help = "Load the kernel, to be entered by -e or by the next reboot through init" },
	{ .letter = 'p', .name = "load-panic",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_crash,
	  .help = "Load the kernel into the crash kernel reservation, to be entered by a panic" },
	{ .letter = 'f', .name = "force",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_verb, .value = VERB_LOAD_EXEC,
	  .help = "Load the kernel and enter it at once, without shutdown(8)" },
	{ .letter = 'e', .name = "exec",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_verb, .value = VERB_EXEC,
	  .help = "Enter the loaded kernel at once" },
	{ .letter = 'u', .name = "unload",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_verb, .value = VERB_UNLOAD,
	  .help = "Unload the kernel; with -p before it, the crash kernel" },
	{ .letter = 'S', .name = "status", .arg = optional_argument, .metavar = "json",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_status,
	  .help = "Exit with 1 if a crash kernel is loaded, else 0; with -l, the same for a"
		  " normal one.  =json prints the state and exits with 0" },
	{ .name = "plan", .arg = optional_argument, .metavar = "text|json|svg",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_plan,
	  .help = "Print what a load would do, and do nothing.  Needs no privilege" },
	{ .name = "print-ckr-size",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_immediate, .value = VERB_CKR_SIZE,
	  .help = "Print the size of the crash kernel reservation in bytes" },
	{ .name = "last-boot", .arg = optional_argument, .metavar = "json",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_last_boot, .value = VERB_LAST_BOOT,
	  .help = "Print where the time of the kexec that started this kernel went" },
	{ .letter = 'd', .name = "debug",
	  .group = G_ACTION, .machines = OPTION_ANY,
	  .apply = set_flag, .field = FIELD(req.debug),
	  .help = "Print the plan on standard error before loading" },

	{ .name = "append", .alias = "command-line", .arg = required_argument, .metavar = "STRING",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_string, .field = FIELD(req.append),
	  .help = "Command line of the next kernel" },
	{ .name = "reuse-cmdline",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.reuse_cmdline),
	  .help = "Start the command line with the running kernel's; --append goes behind it" },
	{ .name = "initrd", .alias = "ramdisk", .arg = required_argument, .metavar = "FILE",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = add_initrd,
	  .help = "Initial RAM disk; given more than once, they are concatenated" },
	{ .name = "reuseinitrd",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_KERNEL,
	  .apply = set_flag, .field = FIELD(req.reuse_initrd),
	  .help = "Refused on both architectures, whose kernels do not keep their initrd" },
	{ .name = "dtb", .arg = required_argument, .metavar = "FILE",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_string, .field = FIELD(req.dtb.path),
	  .help = "Device tree instead of the running machine's; on x86_64, one to hand on" },
	{ .letter = 't', .name = "type", .arg = required_argument, .metavar = "TYPE",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_KERNEL,
	  .apply = set_string, .field = FIELD(req.type),
	  .help = "Insist on a kernel of this type" },
	{ .name = "sysroot", .arg = required_argument, .metavar = "DIR",
	  .group = G_KERNEL, .machines = OPTION_ANY, .flags = F_ROOT,
	  .apply = set_sysroot,
	  .help = "Read /proc, /sys and /dev of the machine captured in DIR; only with --plan,"
		  " --status, --print-ckr-size and --last-boot" },

	{ .letter = 's', .name = "kexec-file-syscall",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_call, .value = KX_CALL_FILE,
	  .help = "Use kexec_file_load(2) only" },
	{ .letter = 'c', .name = "kexec-syscall",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_call, .value = KX_CALL_LOAD,
	  .help = "Use kexec_load(2) only" },
	{ .letter = 'a', .name = "kexec-syscall-auto",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_call, .value = KX_CALL_AUTO,
	  .help = "Choose the system call (default); --plan tells which, and why" },
	{ .letter = 'i', .name = "no-checks",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_flag, .field = FIELD(req.no_checks),
	  .help = "Do not verify the segments before the next kernel is entered" },
	{ .name = "on-corrupt", .arg = required_argument, .metavar = "reset|halt",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_on_corrupt,
	  .help = "What to do when that verification fails (default: reset)" },
	{ .name = "pack", .arg = required_argument, .metavar = "auto|none|lz4",
	  .group = G_LOAD, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_pack,
	  .help = "Load kernel and initrd packed, for purgatory to unpack (default: auto, where"
		  " it pays)" },
	{ .name = "stage", .arg = required_argument, .metavar = "auto|kernel|crashkernel",
	  .group = G_LOAD, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_stage,
	  .help = "Where they wait for -e: in pages of the running kernel, or in the crash kernel"
		  " reservation, from where purgatory moves them (default: auto, the kernel if it"
		  " has room)" },
	{ .name = "evict-crash-kernel",
	  .group = G_LOAD, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.evict_crash_kernel),
	  .help = "--stage=crashkernel may take the place of a loaded crash kernel" },
	{ .name = "mem-min", .arg = required_argument, .metavar = "ADDR",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_number, .field = FIELD(req.mem_min),
	  .help = "Place nothing below ADDR" },
	{ .name = "mem-max", .arg = required_argument, .metavar = "ADDR",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_number, .field = FIELD(req.mem_max),
	  .help = "Place nothing above ADDR, which is the last byte allowed" },
	{ .name = "entry", .arg = required_argument, .metavar = "ADDR",
	  .group = G_LOAD, .machines = OPTION_ANY, .flags = F_KERNEL,
	  .apply = set_entry, .field = FIELD(req.entry),
	  .help = "Enter at ADDR instead of at purgatory" },
	{ .name = "serial", .arg = required_argument, .metavar = "PORT",
	  .group = G_LOAD, .machines = OPTION_ANY,
	  .apply = set_serial, .field = FIELD(serial),
	  .help = "Serial port purgatory prints to: a tty name, or 0xPORT on x86_64" },
	{ .name = "hotplug",
	  .group = G_LOAD, .machines = OPTION_ANY, .flags = F_KERNEL,
	  .apply = set_flag, .field = FIELD(req.hotplug),
	  .help = "With -p: let the running kernel keep the core headers up to date (default: where"
		  " sysfs has crash_hotplug)" },
	{ .name = "no-cma",
	  .group = G_LOAD, .machines = OPTION_ANY, .flags = F_KERNEL,
	  .apply = set_flag, .field = FIELD(req.no_cma),
	  .help = "kexec_file_load: keep segments out of CMA (Linux 6.17)" },

	{ .letter = 'x', .name = "no-ifdown",
	  .group = G_REBOOT, .machines = OPTION_ANY,
	  .apply = set_flag, .field = FIELD(no_ifdown),
	  .help = "Do not take network interfaces down" },
	{ .letter = 'y', .name = "no-sync",
	  .group = G_REBOOT, .machines = OPTION_ANY,
	  .apply = set_flag, .field = FIELD(no_sync),
	  .help = "Do not sync filesystems" },

	{ .name = "serial-baud", .arg = required_argument, .metavar = "RATE",
	  .group = G_X86, .machines = OPTION_X86_64,
	  .apply = set_baud, .field = FIELD(serial_baud),
	  .help = "Program this rate, 9600 to 115200 (default: leave it)" },
	{ .name = "console-serial",
	  .group = G_X86, .machines = OPTION_X86_64,
	  .apply = set_flag, .field = FIELD(req.x86.console_serial),
	  .help = "Purgatory prints to the serial port" },
	{ .name = "console-vga",
	  .group = G_X86, .machines = OPTION_X86_64,
	  .apply = set_flag, .field = FIELD(req.x86.console_vga),
	  .help = "Purgatory prints to the VGA text screen" },
	{ .name = "reset-vga",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_KERNEL,
	  .apply = set_flag, .field = FIELD(req.x86.reset_vga),
	  .help = "Purgatory brings up standard VGA text mode" },
	{ .name = "noefi",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.x86.noefi),
	  .help = "Do not hand EFI data on" },
	{ .name = "reuse-video-type",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.x86.reuse_video_type),
	  .help = "Hand the boot-time video type on unchanged" },
	{ .name = "force-dtb",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_KERNEL,
	  .apply = set_flag, .field = FIELD(req.x86.force_dtb),
	  .help = "kexec_file_load: carry the device tree over (Linux 6.18)" },
	{ .name = "entry-32bit",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.x86.entry_32bit),
	  .help = "Enter a bzImage through the 32-bit boot protocol" },
	{ .name = "real-mode",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LATER | F_LOADER,
	  .apply = set_flag, .field = FIELD(req.x86.real_mode),
	  .help = "Enter a bzImage through its 16-bit entry" },
	{ .name = "args-linux",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LOADER,
	  .apply = set_args, .value = KX_ARGS_LINUX,
	  .help = "ELF: hand over Linux boot_params" },
	{ .name = "args-none",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LOADER,
	  .apply = set_args, .value = KX_ARGS_NONE,
	  .help = "ELF: hand over nothing" },
	{ .name = "elf32-core-headers",
	  .group = G_X86, .machines = OPTION_X86_64,
	  .apply = set_nothing,
	  .help = "Accepted without effect: core headers are always ELF64" },
	{ .name = "elf64-core-headers",
	  .group = G_X86, .machines = OPTION_X86_64,
	  .apply = set_nothing,
	  .help = "Accepted without effect: core headers are always ELF64" },
	{ .name = "pass-memmap-cmdline",
	  .group = G_X86, .machines = OPTION_X86_64, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.x86.pass_memmap_cmdline),
	  .help = "With -p: pass the memory map as memmap=" },

	{ .name = "load-preserve-context",
	  .group = G_JUMP, .machines = OPTION_ANY,
	  .apply = set_preserve, .value = VERB_LOAD,
	  .help = "Load a kernel to run while this one sleeps: -e enters it, and ends when it comes"
		  " back" },
	{ .name = "context", .arg = required_argument, .metavar = "auto|jump|snapshot",
	  .group = G_JUMP, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_context,
	  .help = "How this one sleeps: the kernel swaps memory and jumps (CONFIG_KEXEC_JUMP,"
		  " x86_64), or -e takes a snapshot and keeps it in memory (default: auto, a jump"
		  " if the kernel can)" },
	{ .name = "window", .arg = required_argument, .metavar = "SIZE",
	  .group = G_JUMP, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_window,
	  .help = "Memory of that kernel, with K, M or G (default: what kernel and initrd need, and"
		  " some to work in); --mem-min and --mem-max say where" },
	{ .name = "load-resume-entry", .arg = optional_argument, .metavar = "ENTRY",
	  .group = G_JUMP, .machines = OPTION_ANY,
	  .apply = set_resume, .value = VERB_LOAD,
	  .help = "Load the way back to the kernel that sleeps (default ENTRY: what it left in"
		  " /proc/vmcore, else kexec_jump_back_entry=)" },
	{ .name = "load-jump-back-helper",
	  .group = G_JUMP, .machines = OPTION_ANY,
	  .apply = set_resume, .value = VERB_LOAD,
	  .help = "The same; ENTRY is --entry's" },
	{ .name = "call", .arg = required_argument, .metavar = "FILE",
	  .group = G_JUMP, .machines = OPTION_ANY,
	  .apply = set_call_file, .value = VERB_CALL,
	  .help = "Call the position-independent function in FILE while this kernel sleeps, and"
		  " print what it returns" },
	{ .name = "call-arg", .arg = required_argument, .metavar = "NUMBER",
	  .group = G_JUMP, .machines = OPTION_ANY, .flags = F_CALL,
	  .apply = add_call_arg,
	  .help = "Its next argument; at most three" },

	{ .name = "resume-if-present", .arg = required_argument, .metavar = "TARGET",
	  .group = G_SAVED, .machines = OPTION_ANY,
	  .apply = set_resume_target, .value = VERB_RESUME,
	  .help = "Resume the complete saved core in TARGET at once; without one do nothing, and"
		  " exit with 0" },
	{ .name = "key", .arg = required_argument, .metavar = "KEY",
	  .group = G_SAVED, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_key,
	  .help = "Of an encrypted saved core: file:PATH or keyring:DESCRIPTION, 32 bytes" },
	{ .name = "resume-anyway",
	  .group = G_SAVED, .machines = OPTION_ANY, .flags = F_LOADER,
	  .apply = set_flag, .field = FIELD(req.resume_anyway),
	  .help = "Resume a saved core on another machine, with its filesystems mounted here, or"
		  " once more: destroys data" },

	{ .name = "load-live-update",
	  .group = G_LATER, .machines = OPTION_ANY, .flags = F_LATER,
	  .apply = set_verb, .value = VERB_LOAD,
	  .help = "Xen: load for a live update" },
	{ .name = "exec-live-update",
	  .group = G_LATER, .machines = OPTION_ANY, .flags = F_LATER,
	  .apply = set_verb, .value = VERB_EXEC,
	  .help = "Xen: execute a live update" },
	{ .name = "module", .arg = required_argument, .metavar = "'FILE ARGS'",
	  .group = G_LATER, .machines = OPTION_X86_64, .flags = F_LATER | F_LOADER,
	  .apply = set_nothing,
	  .help = "Multiboot module" },
	{ .name = "args-elf",
	  .group = G_LATER, .machines = OPTION_X86_64, .flags = F_LATER | F_LOADER,
	  .apply = set_args, .value = KX_ARGS_ELF,
	  .help = "ELF: hand over ELF boot notes" },

	{ .name = "list-options",
	  .group = G_HIDDEN, .machines = OPTION_ANY,
	  .apply = set_immediate, .value = VERB_LIST_OPTIONS,
	  .help = "One line per option, for programs" },
};

const size_t option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTIONS_ROWS_MAX,
	       "struct options: seen[] is too small");
