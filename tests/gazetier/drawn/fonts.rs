//! The same fonts for all browsers, whatever else a machine has: DejaVu, which Debian's fontconfig brings, with glyphs
//! as wide as the font says.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

const FONTS: &str = "/usr/share/fonts/truetype/dejavu";

/// A configuration of fontconfig.
pub struct Fonts {
    folder: TempDir,
}

impl Fonts {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let others = ["Oblique", "Italic", "Condensed", "ExtraLight", "Mono", "MathTeX"];
        let others: String = others.iter().map(|name| format!("<glob>*{name}*</glob>")).collect();
        let preferred: String = [("serif", "DejaVu Serif"), ("sans-serif", "DejaVu Sans")]
            .iter()
            .map(|(name, font)| {
                format!("<alias><family>{name}</family><prefer><family>{font}</family></prefer></alias>\n")
            })
            .collect();
        let exact: String = ["pattern", "font"]
            .iter()
            .map(|target| {
                format!(
                    "<match target=\"{target}\"><edit name=\"hinting\" mode=\"assign\"><bool>false</bool></edit>\
                     <edit name=\"autohint\" mode=\"assign\"><bool>false</bool></edit>\
                     <edit name=\"hintstyle\" mode=\"assign\"><const>hintnone</const></edit>\
                     <edit name=\"rgba\" mode=\"assign\"><const>none</const></edit></match>\n"
                )
            })
            .collect();
        let text = format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n<dir>{FONTS}</dir>\n\
             <cachedir>{}</cachedir>\n<selectfont><rejectfont>{others}</rejectfont></selectfont>\n{preferred}{exact}\
             </fontconfig>\n",
            folder.path().join("cache").display()
        );
        for name in ["DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSans", "DejaVuSans-Bold"] {
            let file = format!("{FONTS}/{name}.ttf");
            assert!(fs::exists(&file).is_ok_and(|is| is), "{file} is missing: run the tests with sh tests/run.sh");
        }
        fs::write(folder.path().join("fonts.conf"), text).expect("a file");
        Self { folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("fonts.conf")
    }
}
