# The source tutorial's call with cURL, and what it prints.
curl --silent --show-error "$OPENAI_BASE_URL/images/generations" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $OPENAI_API_KEY" \
  -d '{
    "model": "dall-e-3",
    "prompt": "一只可爱的猫咪",
    "size": "1024x1024",
    "n": 1
  }'
