/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec(8): reads the command line, runs one verb, prints its error.
 *
 * The only file that prints errors.  Usage errors are one line and a hint, on
 * standard error, with status 1; doc/differences.md has what upstream did.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kx/sys.h"
#include "verb.h"

void kexec_warn(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "kexec: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

int kexec_fail(struct kexec *k, int status, int code, const char *fmt, ...)
{
	char text[KX_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kx_err_set(&k->err, code, "%s", text);
	return status;
}

int kexec_print(const struct kx_text *t, bool to_stderr, struct kx_err *err)
{
	FILE *f = to_stderr ? stderr : stdout;
	const char *s = kx_text_str(t);

	if (!s)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (fputs(s, f) == EOF || fflush(f) == EOF)
		return kx_err_set(err, EIO, "cannot write to standard %s: %s",
				  to_stderr ? "error" : "output", strerror(errno));
	return 0;
}

/* ---- verbs that need no machine ----------------------------------------- */

static int print_text(struct kexec *k, void (*build)(struct kx_text *t))
{
	struct kx_text t;

	kx_text_init(&t, &k->arena);
	build(&t);
	return kexec_print(&t, false, &k->err) < 0 ? STATUS_FAILED : STATUS_OK;
}

static void build_version(struct kx_text *t)
{
	kx_text_add(t, "kexec-tools %s\n", KX_VERSION);
}

static int verb_help(struct kexec *k)
{
	return print_text(k, options_help);
}

static int verb_version(struct kexec *k)
{
	return print_text(k, build_version);
}

static int verb_list_options(struct kexec *k)
{
	return print_text(k, options_list);
}

/* ---- choosing ----------------------------------------------------------- */

static const struct {
	int (*run)(struct kexec *k);
	bool machine;		/* k->src must have been read */
	bool load;		/* purgatory's console matters */
} verbs[VERB_COUNT] = {
	[VERB_LOAD_SHUTDOWN] = { verb_load_shutdown, true, true },
	[VERB_LOAD] = { verb_load, true, true },
	[VERB_LOAD_EXEC] = { verb_load_exec, true, true },
	[VERB_CALL] = { verb_call, true, true },
	[VERB_RESUME] = { verb_resume, true, true },
	[VERB_EXEC] = { verb_exec, true, false },
	[VERB_UNLOAD] = { verb_unload, true, false },
	[VERB_STATUS] = { verb_status, true, false },
	[VERB_HELP] = { verb_help, false, false },
	[VERB_VERSION] = { verb_version, false, false },
	[VERB_CKR_SIZE] = { verb_ckr_size, true, false },
	[VERB_LAST_BOOT] = { verb_last_boot, true, false },
	[VERB_LIST_OPTIONS] = { verb_list_options, false, false },
};

/* The 8250 divides 115200; 0 would divide by zero, as upstream did. */
static bool baud_works(const struct options *o)
{
	return o->serial_baud >= 9600 && o->serial_baud <= 115200 && !(115200 % o->serial_baud);
}

/*
 * What purgatory prints to, as far as the user said.  Without a load that is
 * nothing: a port that is not there is no reason not to execute or unload.
 */
static struct kx_console_wish console_wish(const struct options *o)
{
	if (!verbs[o->verb].load)
		return (struct kx_console_wish){ 0 };
	return (struct kx_console_wish){
		.serial = o->serial,
		.vga = o->req.x86.console_vga,
		.serial_port = o->req.x86.console_serial,
		.baud = o->serial_baud_given && baud_works(o) ? (uint32_t)o->serial_baud : 0,
	};
}

static void drop_foreign(struct kexec *k)
{
	const char *name;

	for (size_t i = 0; (name = options_foreign(&k->o, k->src.machine, i)); i++)
		kexec_warn("unrecognized option '--%s' on %s: ignored", name,
			   kx_machine_name(k->src.machine));
	if (k->src.machine != KX_MACHINE_X86_64) {
		k->o.req.x86 = (struct kx_x86_request){ 0 };
		k->o.serial_baud_given = false;
	}
}

/*
 * Read the machine, then weigh the options against it: those of the other
 * architecture are dropped with a warning, because scripts pass them to every
 * kexec; those that are not supported yet are refused.
 */
int kexec_machine_init(struct kexec *k)
{
	struct kx_console_wish wish = console_wish(&k->o);
	const char *name;

	if (kx_sources_read(k->o.sysroot, &wish, &k->arena, &k->src, &k->err) < 0)
		return STATUS_FAILED;
	if (k->o.immediate)
		return STATUS_OK;

	drop_foreign(k);
	if (verbs[k->o.verb].load && k->o.serial_baud_given && !baud_works(&k->o))
		return kexec_fail(k, STATUS_FAILED, EINVAL, "--serial-baud: expected a divisor of"
				  " 115200 from 9600 to 115200, have %llu",
				  (unsigned long long)k->o.serial_baud);

	name = options_later(&k->o, k->src.machine);
	if (name)
		return kexec_fail(k, STATUS_FAILED, EOPNOTSUPP, "--%s is not supported yet", name);
	return STATUS_OK;
}

static int run(struct kexec *k)
{
	int status;

	if (options_parse(k->argc, k->argv, &k->o, &k->err) < 0) {
		k->hint = true;
		return STATUS_USAGE;
	}
	/* Most boots end here, and need not be asked for anything. */
	if (k->o.verb == VERB_RESUME && !resume_is_present(k))
		return STATUS_OK;
	if (verbs[k->o.verb].machine) {
		status = kexec_machine_init(k);
		if (status != STATUS_OK)
			return status;
	}
	return verbs[k->o.verb].run(k);
}

int main(int argc, char **argv)
{
	struct kexec k = { .argc = argc, .argv = argv };
	int status;

	kx_arena_init(&k.arena);
	status = run(&k);
	if (k.err.code)
		kexec_warn("%s%s", k.err.text, k.hint ? "\nTry 'kexec --help'" : "");
	kx_arena_deinit(&k.arena);
	return status;
}
