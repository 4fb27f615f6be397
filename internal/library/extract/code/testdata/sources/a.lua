-- want: - M.f M:g h M.k -
local M = {}

--[[ function no() end ]]
function M.f(a)
  local s = [[
function no()
]]
end

function M:g()
  return function() end
end

local function h() end

M.k = function(x)
end

return M
