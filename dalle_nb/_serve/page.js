// Sends a prompt to POST /generate, tells the place in line while it waits, and hangs up what comes.

const SAID = {
  en: {
    title: "Say what you want to see",
    lead: "One picture for one prompt, in English or Chinese. Say who or what, where, when, and in which style.",
    prompt: "Prompt",
    placeholder: "A cat in a spacesuit on the Moon, the Earth rising behind it, like a science-fiction film",
    shape: "Shape", square: "Square", landscape: "Landscape", portrait: "Portrait",
    token: "Your token, from whoever runs this server",
    draw: "Draw", keys: "Ctrl + Enter",
    save: "Save the picture",
    wall: "Drawn before, on this page",
    programs: "From a program of your own",
    programs_how: "Whatever speaks OpenAI’s Images API draws here: only the address and the key are changed.",
    painting: (seconds) => `Painting… ${seconds} s`,
    waiting: (place) => (place === 1 ? "Next in line" : `Number ${place} in line`),
    done: (seconds) => `${seconds} s`,
    run: (id) => `Run ${id} in the history`,
    empty: "Write a prompt first, or take one of those above.",
    unreachable: "The server does not answer. Is it still running?",
    refused: "Refused: the prompt names what may not be drawn. Other words will do.",
    busy: "Too many calls just now; try again in a moment.",
    offline: "Drawn by rules, by the offline painter: no AI model, no network, no cost.",
    real: "Drawn by the model that this server is set up for; it may cost money.",
    ideas: [
      ["Astronaut cat", "A cat in a spacesuit stands on the Moon, the blue Earth rising behind it, like a science-fiction film"],
      ["Chinese garden", "An old Chinese garden, pavilions, a small bridge over a stream, falling cherry blossoms, ink painting"],
      ["City at night", "The skyline of a city, neon lights, flying cars, cyberpunk, at night"],
      ["Coffee and a book", "A cup of steaming coffee on a wooden table, a book beside it, sunlight through the window"],
      ["Shiba on holiday", "A cute Shiba with sunglasses, a beach chair, coconut juice, on the beach, cartoon, bright colours"],
    ],
  },
  zh: {
    title: "想看什么，写下来",
    lead: "一句提示词，一张图片，中文英文都行。写清楚主体、动作、环境和风格。",
    prompt: "提示词",
    placeholder: "一只穿着宇航服的猫咪，站在月球表面，背景是蓝色的地球升起，科幻电影风格",
    shape: "画幅", square: "正方形", landscape: "横向", portrait: "纵向",
    token: "令牌，向运行服务器的人索取",
    draw: "画一张", keys: "Ctrl + 回车",
    save: "保存图片",
    wall: "这一页画过的",
    programs: "在自己的程序里用",
    programs_how: "凡是用 OpenAI 图像接口的程序都能在这里画图：只改地址和密钥。",
    painting: (seconds) => `正在画…… ${seconds} 秒`,
    waiting: (place) => (place === 1 ? "下一个就是你" : `排在第 ${place} 位`),
    done: (seconds) => `${seconds} 秒`,
    run: (id) => `历史中的记录 ${id}`,
    empty: "请先写提示词，或点一个上面的例子。",
    unreachable: "服务器没有回应，它还在运行吗？",
    refused: "被拒绝：提示词里有不能画的内容，换个说法就好。",
    busy: "现在请求太多，请稍后再试。",
    offline: "由离线画师按规则绘制：不是 AI 模型，不联网，不花钱。",
    real: "由这台服务器所设的模型绘制，可能产生费用。",
    ideas: [
      ["宇航员猫", "一只穿着宇航服的猫咪，站在月球表面，背景是蓝色的地球升起，科幻电影风格，高细节，电影级光影"],
      ["中国园林", "古老的中国园林，亭台楼阁，小桥流水，樱花飘落，水墨画风格，意境悠远"],
      ["未来之城", "未来城市的天际线，霓虹灯闪烁，飞行汽车穿梭，赛博朋克风格，夜景，高对比度"],
      ["一杯咖啡", "一杯冒着热气的咖啡，放在木质桌面上，旁边有一本书，阳光从窗户照进来，温馨氛围，产品摄影"],
      ["柴犬度假", "一只可爱的柴犬，戴着墨镜，坐在沙滩椅上，喝着椰子汁，卡通风格，明亮色彩"],
    ],
  },
};

const at = (id) => document.getElementById(id);
const stage = at("stage"), picture = at("picture"), prompt = at("prompt"), token = at("token");
let tongue = localStorage.getItem("tongue") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
let offline = null, shown = null, trouble = null;

const said = (name, ...values) => (values.length ? SAID[tongue][name](...values) : SAID[tongue][name]);

function speak() {
  document.documentElement.lang = tongue;
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = said(each.dataset.say);
  for (const each of document.querySelectorAll("[data-tongue]")) each.ariaPressed = String(each.dataset.tongue === tongue);
  prompt.placeholder = said("placeholder");
  at("ideas").replaceChildren(...said("ideas").map(([name, words]) => button(name, () => {
    prompt.value = words;
    prompt.focus();
  })));
  at("who").textContent = offline === null ? "" : said(offline ? "offline" : "real");
  if (shown) show(shown);
  if (trouble) complain(trouble);
  at("python").textContent = `from openai import OpenAI

client = OpenAI(base_url="${location.origin}/v1", api_key="${token.value ? "…" : "none"}")
response = client.images.generate(model="dall-e-3", prompt="${said("ideas")[0][0]}", n=1)
print(response.data[0].url)`;
  at("curl").textContent = `curl ${location.origin}/v1/images/generations \\
  -H "Content-Type: application/json" -H "Authorization: Bearer ${token.value ? "…" : "none"}" \\
  -d '{"model": "dall-e-3", "prompt": "${said("ideas")[0][0]}"}'`;
}

function button(name, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = name;
  made.addEventListener("click", act);
  return made;
}

// The message is the server's own, but for those which people meet often.
function complain(error) {
  trouble = error;
  const told = { empty: "empty", unreachable: "unreachable", content_policy_violation: "refused", rate_limit_exceeded: "busy" };
  at("trouble").textContent = error.code in told ? said(told[error.code]) : error.message;
  at("trouble").hidden = false;
}

function show(drawn) {
  shown = drawn;
  picture.src = drawn.url;
  picture.alt = drawn.prompt;
  picture.hidden = false;
  document.querySelector(".empty").setAttribute("hidden", "");
  at("words").textContent = drawn.revised_prompt ?? drawn.prompt;
  at("notes").textContent = drawn.notes.join(" · ");
  at("facts").textContent = [said("run", drawn.run), said("done", drawn.seconds)].join(" · ");
  at("save").href = drawn.url;
  at("save").download = `dalle_nb-${drawn.run}.png`;
  at("save").hidden = false;
}

function hang(drawn) {
  const frame = button("", () => show(drawn));
  const image = new Image();
  image.src = drawn.url;
  image.alt = drawn.prompt;
  frame.append(image);
  const item = document.createElement("li");
  item.append(frame);
  at("wall").querySelector("ol").prepend(item);
  at("wall").hidden = at("wall").querySelectorAll("li").length < 2;
}

function headers(more) {
  return { ...(token.value && { Authorization: `Bearer ${token.value}` }), ...more };
}

async function ask(name) {
  const size = new FormData(at("ask")).get("size");
  const body = JSON.stringify({ prompt: prompt.value, size });
  const answer = await fetch("generate", {
    method: "POST", body, headers: headers({ "Content-Type": "application/json", "X-Client-Request-Id": name }),
  });
  offline = answer.headers.get("x-dalle-nb-backend") === "offline";
  at("door").hidden &&= answer.status !== 401;
  const told = await answer.json();
  if (!answer.ok) throw { code: told.code ?? "", message: told.error };
  return told;
}

async function draw(event) {
  event.preventDefault();
  if (at("draw").disabled) return; // Ctrl + Enter does not ask the button
  trouble = null;
  at("trouble").hidden = true;
  if (!prompt.value.trim()) return complain({ code: "empty" });
  const name = `page-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const started = performance.now(), seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  let place = 0;
  const look = setInterval(async () => {
    const answer = await fetch("queue", { headers: headers() }).catch(() => null);
    if (answer?.ok) place = (await answer.json()).yours[name] ?? 0;
  }, 700);
  const tick = setInterval(() => {
    at("status").textContent = place ? said("waiting", place) : said("painting", seconds());
  }, 100);
  stage.ariaBusy = "true";
  at("draw").disabled = true;
  stage.scrollIntoView({ block: "nearest", behavior: "smooth" });
  try {
    const drawn = { ...(await ask(name)), prompt: prompt.value, seconds: seconds() };
    show(drawn);
    hang(drawn);
  } catch (error) {
    complain(error instanceof TypeError ? { code: "unreachable" } : error);
  } finally {
    clearInterval(look);
    clearInterval(tick);
    at("status").textContent = "";
    stage.ariaBusy = "false";
    at("draw").disabled = false;
    speak();
  }
}

for (const each of document.querySelectorAll("[data-tongue]")) {
  each.addEventListener("click", () => {
    tongue = each.dataset.tongue;
    localStorage.setItem("tongue", tongue);
    speak();
  });
}
for (const each of document.querySelectorAll("[name=size]")) {
  each.addEventListener("change", () => document.querySelector(".empty").setAttribute("class", `empty ${each.nextElementSibling.className}`));
}
prompt.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
});
token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("change", () => sessionStorage.setItem("token", token.value));
at("ask").addEventListener("submit", draw);
speak();
fetch("queue", { headers: headers() }).then((answer) => {
  offline = answer.headers.get("x-dalle-nb-backend") === "offline";
  at("door").hidden = answer.status !== 401;
  speak();
});
