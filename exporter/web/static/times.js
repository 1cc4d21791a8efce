// Times say on hover and focus when it was for the reader as well. Without this script they say it in UTC.
"use strict";
for (const time of document.querySelectorAll("time.when")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  const local = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  time.title = `${time.title}\n${local}`;
}
