// The source tutorial's calls from Node.js, with the real `openai` package; prints what each gave, as JSON.
import fs from 'node:fs';
import OpenAI from 'openai';

const client = new OpenAI();

async function generate() {
  const response = await client.images.generate({
    model: 'dall-e-3',
    prompt: '一只可爱的猫咪，坐在窗台上看外面的雨景，油画风格',
    size: '1024x1024',
    quality: 'standard',
    n: 1,
  });
  return response.data[0].url;
}

async function edit() {
  const response = await client.images.edit({
    model: 'dall-e-2',
    image: fs.createReadStream('original.png'),
    mask: fs.createReadStream('mask.png'),
    prompt: '一只白色的猫坐在那里',
    n: 1,
    size: '1024x1024',
  });
  return response.data[0].url;
}

async function refuse() {
  try {
    await client.images.generate({ model: 'dall-e-3', prompt: '[模拟:拒绝] 一只猫' });
  } catch (error) {
    return [error.constructor.name, error.status, error.code];
  }
}

async function stream() {
  const types = [];
  const events = await client.images.generate({
    model: 'gpt-image-2', prompt: '一只猫', size: '1024x1024', stream: true, partial_images: 1,
  });
  for await (const event of events) types.push([event.type, Boolean(event.b64_json)]);
  return types;
}

const given = { generate: await generate(), edit: await edit(), refuse: await refuse(), stream: await stream() };
console.log(JSON.stringify(given));
