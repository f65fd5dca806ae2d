"""The words the demo world is made of: an invented wholesale flower company and its customers."""

FIRST = (
    "Anna Boris Vera Gleb Dana Egor Zoe Igor Clara Lev Maria Nils Olga Pavel Rosa Semyon Tanja Ulf Ивана "
    "Пётр Светлана Тимур Ульяна Фёдор Юлия Яков Zoë Łukasz Çağla Noël"
).split()
LAST = (
    "Antonova Berg Costa Dorn Evans Fischer Green Hoffmann Ivanov Jansen Krüger Larsson Morozov Novak "
    "O'Brien Petrov Quist Romanova Schmidt Teller Ulrich Volkov Weber Young Zimin Антонова Кузнецов Соловьёва"
).split()
SECOND = ("Петрович", "Сергеевна", "Maria", "Lee", "J.")
COMPANY_WORDS = "Rose Orchid Fern Lotus Cedar Tulip Sage Iris Мимоза Ромашка Olive Violet".split()
COMPANY_FORMS = ("GmbH", "Ltd", "& Sons", "Inc.", "S.A.", "ООО", "AG", "Flowers")
POSTS = ("Director", "Buyer", "Accountant", "Florist", "Закупщик", "Owner", "Manager")
CITIES = ("Berlin", "Kazan", "Lyon", "Москва", "Oslo", "Porto", "Riga", "Екатеринбург")
COUNTRIES = ("Germany", "Russia", "France", "Norway", "Portugal", "Latvia")
STREETS = ("Garden Road", "Main Street", "ул. Ленина", "Rosenweg", "Quai d'Orsay", "Long Lane")
GOODS = (
    "roses",
    "tulips",
    "ficus delivery",
    "office plants",
    "wedding arch",
    "розы оптом",
    "bulbs",
    "garden care",
)
REMARKS = (
    "Called twice, asks for the price list.",
    "[B]Important:[/B] deliver before noon & call first",
    "Хочет скидку 10 % на следующий заказ 🌷",
    'Said: "send it <today>"',
    "Paid in advance; see the contract at https://example.com/c?id=1&v=2",
    "Line one\nLine two",
    "Backslash \\ and slash / stay as they are",
)
TASK_VERBS = ("Call", "Deliver", "Invoice", "Check", "Photograph", "Позвонить:", "Prepare", "Return")
COMMENTS = (
    "Done, please check.",
    "Когда будет готово?",
    "Waiting for the supplier :)",
    "[USER=1]Anna[/USER] what do you think?",
    "Moved to Friday 🚚",
    "See https://example.com/doc/17",
    "No answer, will call <again> & again",
    "ok",
)
CAMPAIGNS = ("summer_sale", "march8", "brand", "retarget")
DEPARTMENTS = (
    "Flowerworks",
    "Sales",
    "Wholesale",
    "Retail",
    "Accounting",
    "Marketing & Advertising",
    "Delivery",
    "Склад",
    "Legal",
    "R&D",
    "Support",
    "Отдел кадров",
    "Purchasing",
    "Export",
)
