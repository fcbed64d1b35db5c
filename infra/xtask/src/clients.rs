//! Clients that openapi-generator makes from the API document: two are built and call the hub, two are only made.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context, Result};
use crate::lint::API_DOCUMENT;
use crate::node::Packages;
use crate::process;
use crate::progress::Progress;
use crate::stack::Stack;
use crate::venv::Venv;
use crate::workspace::Workspace;

const PYTHON: &str = "python";
const TYPESCRIPT: &str = "typescript-fetch";
const ONLY_MADE: [&str; 2] = ["java", "csharp"];
/// The quote that the clients ask for.
const REQUEST: &str = "events/bodies/quote.json";

pub struct Clients<'a> {
    workspace: &'a Workspace,
    venv: Venv,
    node: Packages,
    folder: PathBuf,
}

impl<'a> Clients<'a> {
    pub fn make(progress: &mut Progress, workspace: &'a Workspace) -> Result<Self> {
        let clients = progress.step("openapi-generator and typescript", || Self::ready(workspace))?;
        for generator in [PYTHON, TYPESCRIPT].into_iter().chain(ONLY_MADE) {
            progress.attempt(format!("client of {generator}"), || clients.generate(generator));
        }
        progress.attempt("compileall", || clients.compile_python());
        progress.attempt("tsc", || clients.compile_typescript());
        Ok(clients)
    }

    /// Makes a quote and reads it, in each language.
    pub fn call(&self, progress: &mut Progress, stack: &Stack) {
        progress.attempt("a quote by the client of python", || {
            let mut python = Command::new(self.venv.tool("python"));
            python
                .arg(self.workspace.root.join("infra/clients/call.py"))
                .arg(self.made(PYTHON));
            self.run(python, stack)
        });
        progress.attempt("a quote by the client of typescript-fetch", || {
            let mut node = Command::new("node");
            node.arg(self.node.folder().join("built/call.js"));
            self.run(node, stack)
        });
    }

    fn ready(workspace: &'a Workspace) -> Result<Self> {
        let folder = workspace.target.join("clients");
        let pins = workspace.root.join("infra/clients/requirements.txt");
        Ok(Self {
            workspace,
            venv: Venv::made_from(&pins, folder.join("venv"), &folder.join("pip.log"))?,
            node: Packages::ready(workspace, "clients")?,
            folder,
        })
    }

    /// The folder of a client. The compiler looks for packages beside what it compiles.
    fn made(&self, generator: &str) -> PathBuf {
        match generator {
            TYPESCRIPT => self.node.folder().join(generator),
            _ => self.folder.join(generator),
        }
    }

    fn generate(&self, generator: &str) -> Result<()> {
        let folder = self.made(generator);
        if folder.exists() {
            fs::remove_dir_all(&folder).context(folder.display())?;
        }
        let mut make = self.venv.command("openapi-generator-cli")?;
        make.current_dir(&self.workspace.root)
            .args(["generate", "-i", API_DOCUMENT, "-g", generator, "-o"])
            .arg(&folder);
        if generator == TYPESCRIPT {
            // Node finds a module only by its file's whole name.
            make.args(["--additional-properties", "importFileExtension=.js"]);
        }
        process::run_logged(make, &self.folder.join(format!("{generator}.log")))
    }

    fn compile_python(&self) -> Result<()> {
        let mut compiler = Command::new(self.venv.tool("python"));
        compiler.args(["-m", "compileall", "-q"]).arg(self.made(PYTHON));
        process::run(compiler)
    }

    fn compile_typescript(&self) -> Result<()> {
        let built = self.node.folder().join("built");
        if built.exists() {
            fs::remove_dir_all(&built).context(built.display())?;
        }
        let mut compiler = self.node.tool("tsc");
        compiler.current_dir(self.node.folder());
        process::run(compiler)
    }

    fn run(&self, mut client: Command, stack: &Stack) -> Result<()> {
        let token = stack.tokens.get("customer").context("stack.json has no customer")?;
        client
            .arg(&stack.base_url)
            .arg(self.workspace.root.join(REQUEST))
            .env("TRUNKLINE_TOKEN", token);
        process::run(client)
    }
}
