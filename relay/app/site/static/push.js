// Letting this browser take pushes, and the time zone that this browser is in. Both are offered, and neither is needed.
"use strict";

const section = document.querySelector("[data-push]");
const subscribe = section.querySelector("[data-subscribe]");
const trouble = section.querySelector("[data-push-trouble]");
const token = document.querySelector('meta[name="csrf"]')?.content;

function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

async function told(subscription) {
  const headers = { "content-type": "application/json", "x-csrf-token": token };
  const answer = await fetch("/api/v1/notifications/browsers", { method: "POST", headers, body: JSON.stringify(subscription) });
  if (!answer.ok) throw new Error((await answer.json()).detail);
}

async function ask() {
  if (await Notification.requestPermission() !== "granted") throw new Error("This browser was told to show no notifications of this site.");
  const registration = await navigator.serviceWorker.register("/push-worker.js", { scope: "/notifications" });
  const key = bytesOf(section.dataset.push);
  await (await registration.pushManager.getSubscription())?.unsubscribe(); // it may be of another key
  await told(await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  location.reload();
}

if (token && "serviceWorker" in navigator && "PushManager" in window) {
  subscribe.hidden = false;
  subscribe.addEventListener("click", async () => {
    subscribe.disabled = true;
    trouble.textContent = "";
    try {
      await ask();
    } catch (error) {
      trouble.textContent = `Not this time: ${error.message}`;
    }
    subscribe.disabled = false;
  });
} else {
  trouble.textContent = "This browser takes no pushes here.";
}

const zone = document.querySelector("[data-time-zone]");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone.value === "UTC" && here) zone.value = here;
