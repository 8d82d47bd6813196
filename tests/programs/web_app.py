"""The source tutorial's web application; serve it with ``flask --app web_app run``."""

from flask import Flask, jsonify, request
from openai import OpenAI

app = Flask(__name__)
client = OpenAI(max_retries=0)


@app.route("/generate", methods=["POST"])
def generate():
    prompt = request.json.get("prompt")
    if not prompt:
        return jsonify({"error": "缺少 prompt 参数"}), 400
    try:
        response = client.images.generate(model="dall-e-3", prompt=prompt, size="1024x1024", n=1)
        return jsonify({"url": response.data[0].url, "revised_prompt": response.data[0].revised_prompt})
    except Exception as e:
        return jsonify({"error": str(e)}), 500
