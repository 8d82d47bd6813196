"""Draw the painter's sheet: one picture for each of many prompts, with its prompt beneath.

`make painter-sheet` writes docs/painter-sheet.jpg. Half of the prompts are Chinese, the source tutorial's sixteen
are among them, and every scene, style and subject is asked for at least once: a test counts.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.reader import read

PROMPTS = (
    # The tutorial's own.
    "一只穿着宇航服的猫咪,站在月球表面,背景是蓝色的地球升起,科幻电影风格,高细节,电影级光影",
    "古老的中国园林,亭台楼阁,小桥流水,樱花飘落,水墨画风格,意境悠远",
    "未来城市的天际线,霓虹灯闪烁,飞行汽车穿梭,赛博朋克风格,夜景,高对比度",
    "一杯冒着热气的咖啡,放在木质桌面上,旁边有一本书,阳光从窗户照进来,温馨氛围,产品摄影",
    "一只可爱的柴犬,戴着墨镜,坐在沙滩椅上,喝着椰子汁,卡通风格,明亮色彩",
    "一只可爱的猫咪,坐在窗台上看外面的雨景,油画风格",
    "一只可爱的猫咪",
    "一只橙色的猫 蜷缩在沙发上睡觉 温暖的客厅,阳光透过窗户 油画风格,印象派",
    "春天的樱花",
    "夏天的海滩",
    "秋天的枫叶",
    "冬天的雪景",
    "一只白色的猫坐在那里",
    "一只毛茸茸的橙色猫咪,有着明亮的绿色眼睛,坐在窗台上,窗外是下雨的城市街道,柔和的室内光线,温馨的氛围,写实风格",
    "一只穿着宇航服的猫,站在月球上,背景是地球",
    "一只猫",
    # Scenes, hours, weathers and seasons.
    "一座宁静的山间小屋,周围是松树,雪山,星空,北极光",
    "雨中的火车站台",
    "a red train at the station in the evening",
    "海底世界,一条鲸鱼和五条小鱼",
    "an octopus and a turtle underwater",
    "沙漠里的仙人掌,日落",
    "a camp fire and a tent in a forest at night, fireflies",
    "农场里的三头奶牛和一架风车",
    "a pig, a sheep and a chicken on a farm",
    "飘在云上的热气球,黎明",
    "a plane and a helicopter in the sky",
    "一座灯塔,大海,满月之夜",
    "a red sailboat on a calm sea at sunset",
    "一艘轮船在海上,彩虹",
    "a street in the rain at night, a yellow bus",
    "雪中的街道,一盏路灯,一辆红色汽车",
    "a futuristic city at night with fireworks",
    "白天的城市,一个蓝色的机器人",
    "a rocket in space, Earth and stars",
    "月球上的飞碟",
    "fog over a mountain lake, a deer",
    "雪山上的城堡",
    "a meadow in spring, a white horse running",
    "草地上有两只兔子,蝴蝶飞舞",
    "a farm in autumn, sunflowers, dreamy, sun",
    # Things that wear, hold, sit, stand on and under one another.
    "一只猫和一只狗坐在沙发上",
    "a bear holding a balloon, wearing a red scarf",
    "一个女孩撑着雨伞站在雨中",
    "a boy riding a bicycle",
    "一个女人骑着马",
    "a panda wearing sunglasses beside a bamboo",
    "树下有一只狐狸",
    "a bird on a house",
    "一只戴帽子的企鹅",
    "twelve penguins in the snow",
    "公园长椅上坐着一个男人",
    "a frog on a lotus leaf, a pavilion and a bridge",
    "一只仙鹤站在荷花旁边",
    "a lion sleeping under a palm tree",
    "一只老虎在竹林里奔跑",
    "an elephant and a giraffe in the savanna",
    "餐桌上有苹果、橙子、草莓和面包",
    "a birthday cake with candles on a table",
    "茶壶和茶杯,台灯,木桌",
    "an ice cream and a slice of watermelon at the beach",
    "圣诞树,房间里,下雪的窗外",
    "a man sitting on a chair, a lamp, warm colors",
    "一只松鼠和一个蘑菇在森林里",
    "an owl and a ghost in a dark forest, full moon",
    "一条绿色的龙在山上",
    "a unicorn under a rainbow",
    "海滩上的螃蟹、球、椰子和遮阳伞",
    "a dolphin and a duck",
    "一只猴子和一只北极熊",
    "a dinosaur and a wolf",
    "房间里的钟和盆栽",
    "a rubber duck and a pair of glasses",
    "雪人和灯笼",
    "a kite over a meadow, a bee and a flower",
    "江边的宝塔,雾",
    "a rock under a cherry tree",
    # Styles.
    "a fox in the snow, watercolor",
    "素描,一匹马",
    "a sunflower, acrylic painting",
    "超现实主义,一座时钟在沙漠里",
    "pop art portrait of a cat",
    "极简风格,一棵松树",
    "a castle, digital art",
    "概念艺术,一条龙飞过城市,昏暗",
    "pixel art, a robot in a city",
    "3d渲染,一只可爱的小狗",
    "vector art, a lighthouse by the sea",
    "扁平化插画,房子和树",
    "a woman, portrait, pastel colours",
    "风景摄影,雪山和湖泊",
    "macro photo of a flower",
    "黑白照片,雨中的街道",
    "a vintage photo of a car",
    "梵高风格,星空下的小屋",
    "a boat on a lake, Monet",
    "毕加索风格,一个女人",
    "a girl under a tree, Miyazaki style",
    "新海诚风格,黄昏的城市",
    "a rabbit in the forest, Studio Ghibli",
    "线稿,一只猫头鹰",
    "a butterfly, vivid colors",
    "自然风格,一片森林,低饱和度",
    "something for which nobody has a word, cool colours",
    # More places, and all that lives and stands there.
    "a girl reading a book in a library, a bookshelf and a telescope",
    "厨房里的厨师,桌上有披萨",
    "a cat in a café with a croissant, milk and a donut",
    "教室里的老师和地球仪",
    "a princess and a king in a great hall, a piano",
    "公园里的秋千、滑梯和喷泉",
    "a treasure chest and a parrot on a tropical island",
    "瀑布旁边的鳄鱼和袋鼠",
    "a cat on a rooftop at night, full moon",
    "森林里的小溪,一只棕熊抓着鱼",
    "two swans and a canoe on a lake",
    "一只老鹰飞过雪山,一座寺庙",
    "a peacock and an alpaca in a park",
    "沙漠里的骆驼队和金字塔",
    "a shark, a jellyfish and a seahorse underwater",
    "沙滩上的海星、龙虾和海豹",
    "a snake, a snail and a hedgehog in the forest",
    "草原上的河马和犀牛",
    "a ladybird, a dragonfly and a bush in spring",
    "竹林里的考拉和大猩猩",
    "a raccoon, a red panda and a mouse in autumn",
    "虎鲸跃出大海,一艘海盗船",
    "an old man and an old woman on a bench in the park",
    "巫师和女巫站在南瓜灯旁边,夜晚",
    "a knight fighting a dragon before a castle",
    "日本武士站在鸟居前面,枫叶",
    "a mermaid and a submarine under the sea",
    "外星人和宇宙飞船在月球上,卫星",
    "a pirate dog with a sword, an old map",
    "圣诞老人拿着礼物,雪景",
    "a doctor and a fire engine in the street, a fire hydrant",
    "街上的卡车和摩托车,一家商店",
    "a tractor and a barn on a farm, pumpkins",
    "飞艇飞过摩天大楼",
    "the palace at sunset, a red flag",
    "古塔和城墙:长城上的一座塔",
    "a tower, a church and a willow by the lake",
    "埃菲尔铁塔,黄昏的城市",
    "a school, a backpack and a football",
    "冰屋和企鹅,极光",
    "a ferris wheel and fireworks over a meadow at night",
    "自由女神像,晴天",
    "field of red tulips, a windmill, Van Gogh style",
    "薰衣草田,一位穿紫色裙子的女孩",
    "a rose and a vase of flowers on a windowsill",
    "汉堡、啤酒和番茄在桌上",
    "a bowl of ramen and sushi on a table, steam",
    "一笼包子和一碗米饭,热气",
    "a lemon, grapes, a banana and a peach, still life",
    "桌上的梨、菠萝、果盘和胡萝卜",
    "cookies, chocolate, cheese and a fried egg on a table",
    "一杯果汁、一杯红酒和一个瓶子",
    "a violin, a guitar and a drum on a stage",
    "桌上的笔记本电脑、手机、相机和耳机",
    "a teddy bear on a bed, bedroom, a television",
    "壁炉旁边的猫和毛线球",
    "a basketball and a suitcase at the station",
    "钥匙、钻石、铅笔和碗在桌子上",
    "a mirror and a fish tank in a room",
    "老爷爷看报纸,秋天的公园",
    "an owl on a branch, a nest in the tree",
    "一摞书和一杯牛奶",
    "an astronaut cat, a robot and a globe in a classroom",
    # Clothes, vessels, flowers in vases, people together, and who rides.
    "一只穿着西装的狐狸在咖啡馆里喝咖啡",
    "a panda wearing a kimono drinking tea",
    "一只穿着红色外套的猫",
    "一篮橙子放在厨房的桌子上",
    "a plate of cookies on a white table",
    "一条红色的锦鲤在荷花池里游动",
    "夕阳下的沙滩,一对情侣牵手散步",
    "parents with a child in the park, yellow leaves",
    "a green frog sitting on a lily pad",
    "窗台上的一朵玫瑰花",
    "an astronaut riding a horse on the moon",
    "一束粉色的玫瑰花插在花瓶里",
)
CELL, CAPTION, COLUMNS = 184, 34, 10
DRAWN = 512  # pixels that each picture is painted at before it is made small
_PAPER, _INK, _GREY = "#fbf8f1", "#2c2a28", "#8b857c"
# Where the common systems keep a font with Chinese in it.
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "PingFang.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
)


def main(target: Path) -> None:
    """Draw the sheet and, where no font has Chinese letters, a legend beside it."""
    font = find_font()
    sheet = draw_sheet(PROMPTS, font)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, quality=72, optimize=True, progressive=True)
    if font is None:
        legend = "\n".join(f"{number}. {prompt}" for number, prompt in enumerate(PROMPTS, 1))
        target.with_suffix(".txt").write_text(legend + "\n", "utf-8")
    print(f"{target}: {len(PROMPTS)} pictures, {target.stat().st_size // 1000} kB")


def find_font() -> ImageFont.FreeTypeFont | None:
    """Return a font with Chinese letters, or None."""
    folders = (Path("/usr/share/fonts"), Path("/System/Library/Fonts"), Path("C:/Windows/Fonts"))
    for name in _FONTS:
        for folder in folders:
            for found in folder.rglob(name) if folder.is_dir() else ():
                return ImageFont.truetype(str(found), 13)
    return None


def draw_sheet(prompts: Sequence[str], font: ImageFont.FreeTypeFont | None) -> Image.Image:
    """Return the sheet: pictures in rows, each with its prompt or, without a font, its number beneath."""
    rows = -(-len(prompts) // COLUMNS)
    gap = 10
    sheet = Image.new("RGB", (COLUMNS * (CELL + gap) + gap, rows * (CELL + CAPTION + gap) + gap), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for at, prompt in enumerate(prompts):
        x, y = gap + at % COLUMNS * (CELL + gap), gap + at // COLUMNS * (CELL + CAPTION + gap)
        picture = paint(read(prompt, seed=at + 1), DRAWN, DRAWN)
        sheet.paste(picture.resize((CELL, CELL), Image.Resampling.LANCZOS), (x, y))
        if font is None:
            pen.text((x, y + CELL + 3), str(at + 1), fill=_INK)
            continue
        for line, text in enumerate(_lines(f"{at + 1}  {prompt}", font)):
            pen.text((x, y + CELL + 1 + 16 * line), text, fill=_GREY if line else _INK, font=font)
    return sheet


def _lines(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Return a caption in two lines, cut where it is longer."""
    lines = [""]
    for letter in text:
        if font.getlength(lines[-1] + letter) > CELL:
            if len(lines) == 2:
                return [lines[0], lines[1][:-1] + "…"]
            whole, space, rest = lines[-1].rpartition(" ")
            lines = [whole, rest] if space and rest.isascii() else [lines[-1], ""]
        lines[-1] += letter
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/painter-sheet.jpg"))
