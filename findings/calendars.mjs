// The shifts of rota.ics up to 2028 as each library has them, as lines of "person start end" in UTC: node calendars.mjs LIBRARY
import fs from "node:fs";
import { createRequire } from "node:module";

const load = createRequire(process.cwd() + "/");
const text = fs.readFileSync("rota.ics", "utf8");
const shifts = {
  "node-ical": () => {
    const ical = load("node-ical");
    const span = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2028-01-01T00:00:00Z") };
    const events = Object.values(ical.parseICS(text)).filter((one) => one.type === "VEVENT");
    return events.flatMap((event) => ical.expandRecurringEvent(event, span));
  },
  "ical.js": () => {
    const library = load("ical.js");
    const ICAL = library.default ?? library;
    const calendar = new ICAL.Component(ICAL.parse(text));
    calendar.getAllSubcomponents("vtimezone").forEach((zone) => ICAL.TimezoneService.register(zone));
    return calendar.getAllSubcomponents("vevent").flatMap((component) => {
      const event = new ICAL.Event(component);
      const found = [];
      const days = event.iterator();
      for (let day = days.next(); day && found.length < 50; day = days.next()) {
        const { item, startDate, endDate } = event.getOccurrenceDetails(day);
        found.push({ summary: item.summary, start: startDate.toJSDate(), end: endDate.toJSDate() });
      }
      return found;
    });
  },
};
const minute = (date) => date.toISOString().slice(0, 16);
for (const one of shifts[process.argv[2]]()) console.log(one.summary, minute(one.start), minute(one.end));
