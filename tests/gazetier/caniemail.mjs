// Prints each feature of an HTML letter that some mail program does not support, once, with the
// programs. Arguments: the folder of npm packages, the letter.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, letter] = process.argv.slice(2);
const { caniemail } = await import(pathToFileURL(`${folder}/caniemail/dist/index.js`));
const html = readFileSync(letter, "utf8");

// Whatever a French or an English magazine's readers read their mail with; for the others that the
// package knows it lacks the data, and says so by an exception.
const clients = [
  "apple-mail.ios",
  "apple-mail.macos",
  "fastmail.desktop-webmail",
  "gmail.android",
  "gmail.desktop-webmail",
  "gmail.ios",
  "gmail.mobile-webmail",
  "hey.desktop-webmail",
  "laposte.desktop-webmail",
  "orange.android",
  "orange.desktop-webmail",
  "orange.ios",
  "outlook.android",
  "outlook.ios",
  "outlook.macos",
  "outlook.outlook-com",
  "outlook.windows",
  "protonmail.android",
  "protonmail.desktop-webmail",
  "protonmail.ios",
  "samsung-email.android",
  "sfr.desktop-webmail",
  "sfr.ios",
  "thunderbird.macos",
  "yahoo.android",
  "yahoo.desktop-webmail",
  "yahoo.ios",
];
const found = new Map();
for (const client of clients) {
  for (const [name, issues] of caniemail({ clients: [client], html }).issues.errors) {
    for (const { title } of issues) {
      found.set(title, new Set([...(found.get(title) ?? []), name]));
    }
  }
}
for (const title of [...found.keys()].sort()) {
  console.log(`${title}\t${[...found.get(title)].join(" ")}`);
}
