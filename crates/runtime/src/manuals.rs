//! Manual pages and completion scripts, made of the same definitions as `--help`, for whoever packages the programs.

use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// The first argument of a program that is to write its pages; the second is the folder.
pub(crate) const WRITE_MANUALS: &str = "--write-manuals";

/// Where a shell looks for scripts below `/usr/share`, and what they are called there.
const SHELLS: [(Shell, &str, &str, &str); 3] = [
    (Shell::Bash, "bash-completion/completions", "", ""),
    (Shell::Zsh, "zsh/vendor-completions", "_", ""),
    (Shell::Fish, "fish/vendor_completions.d", "", ".fish"),
];

/// Commands that somebody types stand in section 1, programs that a service manager starts in section 8.
fn section(command: &Command) -> &'static str {
    if command.has_subcommands() { "1" } else { "8" }
}

/// Writes the manual pages of a program and its completion scripts to a folder that looks like `/usr/share`: one page
/// for the program and one for each of its commands, except for hidden ones.
///
/// # Errors
/// Where the files cannot be written.
pub fn write_manuals(command: &Command, folder: &Path) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let section = section(command);
    let mut built = without_help(command.clone());
    // Names of pages are made of those of commands, and settings stand in every page.
    built.build();
    let pages = folder.join(format!("man/man{section}"));
    std::fs::create_dir_all(&pages)?;
    write_pages(&built, &name, &name, section, &pages)?;
    for (shell, place, before, after) in SHELLS {
        let place = folder.join(place);
        std::fs::create_dir_all(&place)?;
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), &name, &mut script);
        std::fs::write(place.join(format!("{before}{name}{after}")), script)?;
    }
    Ok(())
}

/// The page of `command`, whose name with those of the commands above it is `path`, and those of its own commands.
fn write_pages(
    command: &Command,
    program: &str,
    path: &str,
    section: &str,
    folder: &Path,
) -> io::Result<()> {
    let commands = || command.get_subcommands().filter(|below| !below.is_hide_set());
    let file = path.replace(' ', "-");
    let mut page = Vec::new();
    Man::new(command.clone().name(file.clone()))
        .section(section)
        .source(format!("xmlx {}", env!("CARGO_PKG_VERSION")))
        .manual("xmlx")
        .render(&mut page)?;
    let above = path.rsplit_once(' ').map(|(above, _)| above.replace(' ', "-"));
    let below = commands().map(|below| format!("{file}-{}", below.get_name()));
    see_also(above.into_iter().chain(below), program, section).to_writer(&mut page)?;
    std::fs::write(folder.join(format!("{file}.{section}")), page)?;
    for below in commands() {
        write_pages(below, program, &format!("{path} {}", below.get_name()), section, folder)?;
    }
    Ok(())
}

/// Without the commands `help`, which `clap` adds everywhere: `--help` says the same.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn see_also(related: impl Iterator<Item = String>, program: &str, section: &str) -> Roff {
    let others = [("xmlx-client", "1"), ("xmlx-coordinator", "8"), ("xmlx-worker", "8")];
    let others = others.into_iter().filter(|(name, _)| *name != program);
    let others = others.map(|(name, section)| (name.to_owned(), section.to_owned()));
    let mut pages: Vec<_> = related.map(|name| (name, section.to_owned())).chain(others).collect();
    pages.dedup();
    let mut text = Vec::new();
    for (i, (name, section)) in pages.into_iter().enumerate() {
        if i > 0 {
            text.push(roman(", "));
        }
        text.extend([bold(name), roman(format!("({section})"))]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text(text);
    roff
}
