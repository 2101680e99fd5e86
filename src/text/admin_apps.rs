//! Texts of the pages of apps.

use super::texts;
use crate::domain::app::FieldError;

texts! {
    /// Texts of the pages of apps.
    pub struct AppTexts {
        title: "应用" | "Apps";
        purpose: "员工主页上的应用入口。此处仅控制入口是否可见，访问权限由各应用自行控制。"
            | "The tiles on people’s portal. This decides who sees a tile; access is enforced by each app.";
        add: "添加应用" | "Add an app";
        edit: "编辑应用" | "Edit an app";
        form_lead: "保存后立即在有权看到的员工主页上生效。" | "Once saved, it is on the portal of everybody who may see it.";
        order: "顺序" | "Order";
        app: "应用" | "App";
        address: "地址" | "Address";
        audience: "可见范围" | "Visible to";
        people: "可见人数" | "People";
        state: "状态" | "State";
        shown: "显示中" | "Shown";
        hidden: "已隐藏" | "Hidden";
        show: "显示" | "Show";
        hide: "隐藏" | "Hide";
        up: "上移“{name}”" | "Move “{name}” up";
        down: "下移“{name}”" | "Move “{name}” down";
        everybody: "全体员工" | "Everybody";
        and_more: "{names}及另外 {more} 个部门" | "{names} and {more} more";
        names_joint: "、" | ", ";
        empty_title: "还没有应用" | "No apps yet";
        empty_text: "添加公司常用的系统，员工登录后就能在主页上打开。" | "Add the systems that your company uses; people open them from their portal.";
        add_first: "添加第一个应用" | "Add the first app";

        name: "名称" | "Name";
        name_hint: "最多 40 个字" | "At most 40 characters";
        address_hint: "以 https:// 开头的完整地址" | "Full URL, starting with https://";
        description: "简介" | "Short description";
        description_hint: "最多 80 个字" | "At most 80 characters";
        icon: "图标" | "Icon";
        letters: "名称首字" | "First letters of the name";
        letters_sample: "字" | "Aa";
        colour: "颜色" | "Colour";
        chosen_departments: "指定部门（含下级部门）" | "Chosen departments, with those below";
        chosen: "已选部门" | "Chosen";
        none_chosen: "尚未选择部门。请搜索后勾选。" | "None chosen yet: search, then tick.";
        find_label: "搜索部门名称或 ID" | "Search by name or id";
        find: "搜索" | "Search";
        found: "搜索结果" | "Found";
        none_found: "没有找到其他部门。" | "No other department was found.";
        more_found: "共找到 {n} 个部门，只显示前 {shown} 个。请输入更完整的名称。" | "{n} departments were found; these are the first {shown}. Refine your search.";
        gone_department: "部门 {id}（已不存在）" | "Department {id} (no longer exists)";
        one_person: "1 人" | "1 person";
        many_people: "{n} 人" | "{n} people";
        is_shown: "在主页上显示" | "Show it on the portal";
        save: "保存" | "Save";
        sees_one: "1 人可见" | "1 person sees it";
        sees_many: "{n} 人可见" | "{n} people see it";
        would_see_one: "所选范围共 1 人" | "The chosen departments have 1 person";
        would_see_many: "所选范围共 {n} 人" | "The chosen departments have {n} people";
        delete: "删除应用" | "Delete this app";
        delete_ask: "“{name}”将从 {n} 名员工的主页上消失，且无法恢复。" | "“{name}” will be removed from the portal for {n} people. This cannot be undone.";
        delete_ask_one: "“{name}”将从 1 名员工的主页上消失，且无法恢复。" | "“{name}” will be removed from the portal for 1 person. This cannot be undone.";
        delete_ask_hidden: "“{name}”将被删除，且无法恢复。它目前没有显示给任何人。" | "“{name}” will be deleted, which cannot be undone. Nobody sees it now.";

        created: "已添加“{name}”" | "“{name}” has been added";
        updated: "已保存“{name}”" | "“{name}” has been saved";
        deleted: "已删除“{name}”" | "“{name}” has been deleted";
        now_shown: "“{name}”已显示在主页上" | "“{name}” is on the portal now";
        now_hidden: "“{name}”已从主页上隐藏" | "“{name}” is hidden from the portal";
        moved_up: "“{name}”已上移" | "“{name}” has moved up";
        moved_down: "“{name}”已下移" | "“{name}” has moved down";
        unchanged: "没有变化" | "Nothing has changed";
        gone: "该应用已被删除" | "That app has been deleted";

        faults: "请更正以下内容" | "There is a problem";

        icon_mail: "邮件" | "Mail";
        icon_calendar: "日历" | "Calendar";
        icon_chat: "聊天" | "Chat";
        icon_document: "文档" | "Document";
        icon_folder: "文件夹" | "Folder";
        icon_book: "书" | "Book";
        icon_code: "代码" | "Code";
        icon_tasks: "任务" | "Tasks";
        icon_chart: "图表" | "Chart";
        icon_money: "钱" | "Money";
        icon_receipt: "票据" | "Receipt";
        icon_cart: "采购" | "Cart";
        icon_box: "仓库" | "Box";
        icon_truck: "物流" | "Truck";
        icon_people: "人员" | "People";
        icon_card: "工牌" | "Badge";
        icon_phone: "电话" | "Phone";
        icon_help: "帮助" | "Help";
        icon_shield: "安全" | "Shield";
        icon_cloud: "云" | "Cloud";
        icon_server: "服务器" | "Server";
        icon_globe: "网站" | "Globe";
        icon_tool: "工具" | "Tool";
        icon_plane: "差旅" | "Plane";
        blue: "蓝" | "Blue";
        teal: "青" | "Teal";
        green: "绿" | "Green";
        olive: "橄榄" | "Olive";
        orange: "橙" | "Orange";
        red: "红" | "Red";
        purple: "紫" | "Purple";
        grey: "灰" | "Grey";
    }

    /// Returns the error of a form, as a sentence.
    pub fn fault(fault: FieldError) {
        NameMissing: "请填写名称。" | "Please enter a name.";
        NameTooLong: "名称最多 40 个字。" | "A name has at most 40 characters.";
        AddressMissing: "请填写地址。" | "Please enter an address.";
        AddressTooLong: "地址太长，最多 2000 个字符。" | "The address is too long: at most 2000 characters.";
        NotAnAddress: "请填写以 https:// 开头的完整地址，例如 https://oa.example.com/。" | "Please enter a whole address that begins with https://, for example https://oa.example.com/.";
        NotHttps: "地址须以 https:// 开头；http:// 只能用于本机（localhost）。" | "The address must begin with https://; http:// is allowed only for localhost.";
        Credentials: "地址中不能包含用户名或密码：所有员工都会看到。" | "Remove the user name and password from the URL; everyone could see them.";
        DescriptionTooLong: "说明最多 80 个字。" | "The line has at most 80 characters.";
        UnknownIcon: "请选择一个图标。" | "Please choose one of the icons.";
        UnknownColour: "请选择一种颜色。" | "Please choose one of the colours.";
        NoDepartment: "请至少选择一个部门，或改为全体员工。" | "Please choose a department, or everybody.";
    }
}

impl AppTexts {
    /// Returns the name of a built-in picture, for people who do not see it.
    pub fn icon_words(&self, icon: &str) -> &'static str {
        match icon {
            "mail" => self.icon_mail,
            "calendar" => self.icon_calendar,
            "chat" => self.icon_chat,
            "document" => self.icon_document,
            "folder" => self.icon_folder,
            "book" => self.icon_book,
            "code" => self.icon_code,
            "tasks" => self.icon_tasks,
            "chart" => self.icon_chart,
            "money" => self.icon_money,
            "receipt" => self.icon_receipt,
            "cart" => self.icon_cart,
            "box" => self.icon_box,
            "truck" => self.icon_truck,
            "people" => self.icon_people,
            "card" => self.icon_card,
            "phone" => self.icon_phone,
            "help" => self.icon_help,
            "shield" => self.icon_shield,
            "cloud" => self.icon_cloud,
            "server" => self.icon_server,
            "globe" => self.icon_globe,
            "tool" => self.icon_tool,
            _ => self.icon_plane,
        }
    }

    /// Returns the name of a colour.
    pub fn colour_words(&self, colour: &str) -> &'static str {
        match colour {
            "blue" => self.blue,
            "teal" => self.teal,
            "green" => self.green,
            "olive" => self.olive,
            "orange" => self.orange,
            "red" => self.red,
            "purple" => self.purple,
            _ => self.grey,
        }
    }
}
