"""The calls of the source tutorial's programs, as their readers type them; prints what each program gave, as JSON.

Runs under any SDK since 1.6: the host and the key come from the environment, and nothing else is ours.
"""

import base64
import json
import sys
import time
from pathlib import Path

import requests
from openai import APIError, OpenAI, RateLimitError

client = OpenAI()


def basic():
    response = client.images.generate(
        model="dall-e-3",
        prompt="一只可爱的猫咪，坐在窗台上看外面的雨景，油画风格",
        size="1024x1024",
        quality="standard",
        n=1,
    )
    return response.data[0].url


def wide():
    prompts = ["一只穿着宇航服的猫咪，站在月球表面，背景是蓝色的地球升起，科幻电影风格，高细节，电影级光影"]
    answers = [
        client.images.generate(model="dall-e-3", prompt=prompt, size="1792x1024", quality="standard", n=1)
        for prompt in prompts
    ]
    return [answer.data[0].url for answer in answers]


def edit():
    response = client.images.edit(
        model="dall-e-2",
        image=open("original.png", "rb"),
        mask=open("mask.png", "rb"),
        prompt="一只白色的猫坐在那里",
        n=1,
        size="1024x1024",
    )
    return response.data[0].url


def variations():
    response = client.images.create_variation(
        model="dall-e-2", image=open("original.png", "rb"), n=4, size="1024x1024"
    )
    return [data.url for data in response.data]


def save_url(prompt="一只可爱的猫咪", filename="cat.png"):
    response = client.images.generate(model="dall-e-3", prompt=prompt, size="1024x1024", n=1)
    with open(filename, "wb") as f:
        f.write(requests.get(response.data[0].url).content)
    return filename


def save_base64(filename="cat-base64.png"):
    response = client.images.generate(
        model="dall-e-3", prompt="一只可爱的猫咪", size="1024x1024", n=1, response_format="b64_json"
    )
    with open(filename, "wb") as f:
        f.write(base64.b64decode(response.data[0].b64_json))
    return filename


def fields():
    response = client.images.generate(model="dall-e-3", prompt="一只猫", size="1024x1024", n=1)
    return [
        response.created,
        [[data.url, data.revised_prompt] for data in response.data if hasattr(data, "revised_prompt")],
    ]


def batch(prompts=("春天的樱花", "[模拟:拒绝] 夏天的海滩", "冬天的雪景")):
    results = []
    for prompt in prompts:
        try:
            response = client.images.generate(model="dall-e-3", prompt=prompt, size="1024x1024", n=1)
            results.append({"prompt": prompt, "url": response.data[0].url})
        except Exception as e:
            results.append({"prompt": prompt, "error": str(e)})
    return results


class ImageGenerator:
    def __init__(self, model="dall-e-3"):
        self.client = OpenAI()
        self.model = model

    def generate(self, prompt, size="1024x1024", quality="standard", style="vivid"):
        response = self.client.images.generate(
            model=self.model, prompt=prompt, size=size, quality=quality, style=style, n=1
        )
        return {"url": response.data[0].url, "revised_prompt": response.data[0].revised_prompt}

    def generate_and_save(self, prompt, save_path, **kwargs):
        result = self.generate(prompt, **kwargs)
        Path(save_path).parent.mkdir(parents=True, exist_ok=True)
        with open(save_path, "wb") as f:
            f.write(requests.get(result["url"]).content)
        return save_path


def generator():
    return ImageGenerator().generate_and_save("一只可爱的猫咪", "images/cat.png", quality="hd")


def safe_generate(prompt, retries=3):
    """Give the link, or what was met on the way to none."""
    met = []
    for attempt in range(retries):
        try:
            response = client.images.generate(model="dall-e-3", prompt=prompt, size="1024x1024", n=1)
            return response.data[0].url
        except RateLimitError:
            met.append("RateLimitError")
            time.sleep(0.01 * 2**attempt)
        except APIError as e:
            met.append("content_policy" in str(e).lower())
            return met
    return met


def errors():
    client.max_retries = 0
    return [safe_generate(prompt) for prompt in ("一只猫", "[模拟:拒绝] 一只猫", "[模拟:限速] 一只猫")]


def legacy():
    response = client.images.generate(model="dall-e-2", prompt="一只猫", size="256x256", n=3)
    return [data.url for data in response.data]


PROGRAMS = (basic, wide, edit, variations, save_url, save_base64, fields, batch, generator, legacy, errors)

if __name__ == "__main__":
    json.dump({program.__name__: program() for program in PROGRAMS}, sys.stdout)
