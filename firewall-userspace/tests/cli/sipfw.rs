//! A place to run the command in.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

/// A directory with a config.
pub(crate) struct Sipfw {
    dir: TempDir,
}

impl Sipfw {
    /// A config with these lines before its paths.
    pub(crate) fn with(lines: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display();
        let paths = format!("[paths]\nstate = \"{path}/state\"\nrun = \"{path}/run\"\nbpf = \"{path}/bpf\"\n");
        fs::write(dir.path().join("sipfw.toml"), format!("{lines}\n{paths}")).unwrap();
        Self { dir }
    }

    /// A config of nothing but paths.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file; returns its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Runs the command with the config.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[])
    }

    /// The same with variables of the environment.
    pub(crate) fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let config = self.path("sipfw.toml");
        run_in(&[&["--config", config.to_str().unwrap()], args].concat(), self.dir.path(), variables)
    }

    /// The database's directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }
}

/// Runs the command as it is.
pub(crate) fn run(args: &[&str], dir: &Path) -> Ran {
    run_in(args, dir, &[])
}

fn run_in(args: &[&str], dir: &Path, variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_sipfw"))
        .args(args)
        .current_dir(dir)
        .env("TZ", "UTC")
        .env_remove("SIPFW_CONFIG")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// The keys of an object, sorted.
#[track_caller]
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}
